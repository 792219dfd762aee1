"""The steps by which accounts erases: the doors are shut first, the keys destroyed last."""

from django.db.models import Q, QuerySet

from accounts.models import (
    ApiKey,
    AuditEvent,
    Connection,
    Consent,
    ExportChunk,
    IdempotencyRecord,
    ImpersonationGrant,
    Invitation,
    LegalHold,
    Membership,
    OAuthState,
    RefreshSession,
    RetentionChoice,
    User,
    WebhookDelivery,
    WebhookSubscription,
)
from accounts.services.privacy import own_deeds as deeds
from accounts.services.privacy.own_rows import (
    ERASED,
    NOBODY,
    accounts,
    creators,
    data_keys,
    in_workspace,
    named_accounts,
    of_creator,
    of_person,
    people_without_another_place,
    person,
    the_workspace,
    with_origin,
)
from accounts.services.privacy.registry import Step, Subject, blank, delete, keep
from accounts.types import AccountState, CreatorStatus, PrivacyScope


def doors(scope: PrivacyScope) -> list[Step]:
    """Nobody gets in and nothing goes out from here on."""
    sending = Q(state=AccountState.DISCONNECTED, credentials__isnull=True)
    disconnect = blank("disconnect", lambda subject: accounts(subject).exclude(sending), deeds.disconnect)
    if scope is PrivacyScope.WORKSPACE:
        return [
            blank("close", lambda subject: the_workspace(subject).exclude(status=ERASED), deeds.close),
            delete("sessions", in_workspace(RefreshSession)),
            blank("api_keys_end", lambda subject: ApiKey.objects.filter(revoked_at=None), deeds.revoke),
            delete("endpoint_events", in_workspace(WebhookDelivery)),
            delete("endpoints", in_workspace(WebhookSubscription)),
            disconnect,
        ]
    if scope is PrivacyScope.CREATOR:
        left = CreatorStatus.OFFBOARDED
        return [
            blank("creator_leaves", lambda subject: creators(subject).exclude(status=left), deeds.offboard),
            disconnect,
        ]
    return []


def rest(scope: PrivacyScope) -> list[Step]:
    named = [
        delete("oauth_states", of_creator(OAuthState, "connection__creator")),
        delete("connections", of_creator(Connection)),
        keep("consents", of_creator(Consent), reason="consents", until="audit"),
        blank("accounts", named_accounts, deeds.nameless_accounts),
        blank(
            "creators", lambda subject: creators(subject).exclude(stage_name=ERASED), deeds.nameless_creators
        ),
    ]
    if scope is PrivacyScope.CREATOR:
        return named
    if scope is PrivacyScope.ME:
        return _person_steps()
    return [*named, *_workspace_steps()] if scope is PrivacyScope.WORKSPACE else []


def _workspace_steps() -> list[Step]:
    return [
        delete("invitations", in_workspace(Invitation)),
        delete("answers", in_workspace(IdempotencyRecord)),
        delete("exports", in_workspace(ExportChunk)),
        delete("choices", in_workspace(RetentionChoice)),
        delete("staff_visits", in_workspace(ImpersonationGrant)),
        blank("api_keys", lambda subject: ApiKey.objects.exclude(name=ERASED), deeds.nameless_keys),
        blank("people", people_without_another_place, deeds.erase_people, is_lifted=True),
        blank("members", lambda subject: Membership.objects.filter(ended_at=None), deeds.end_memberships),
        blank("addresses", lambda subject: with_origin(AuditEvent.objects.all()), deeds.clear_origins),
        keep("audit", in_workspace(AuditEvent), reason="accountability", until="audit"),
        keep("memberships", in_workspace(Membership), reason="authorship", until="audit"),
        keep("holds", in_workspace(LegalHold), reason="accountability", until="audit"),
        blank(
            "workspace", lambda subject: the_workspace(subject).exclude(name=ERASED), deeds.nameless_workspace
        ),
        Step("data_keys", data_keys, deeds.destroy_keys),
    ]


def _person_steps() -> list[Step]:
    traces, places = of_person(AuditEvent, "actor_user"), of_person(Membership, "user")
    keys = of_person(ApiKey, "membership__user")

    def named(subject: Subject) -> QuerySet[User]:
        return person(subject).exclude(email__endswith=NOBODY)

    return [
        blank("people", named, deeds.erase_people, is_lifted=True),
        blank(
            "members",
            lambda subject: places(subject).filter(ended_at=None),
            deeds.end_memberships,
            is_lifted=True,
        ),
        blank(
            "api_keys_end",
            lambda subject: keys(subject).filter(revoked_at=None),
            deeds.revoke,
            is_lifted=True,
        ),
        blank("addresses", lambda subject: with_origin(traces(subject)), deeds.clear_origins, is_lifted=True),
        keep("audit", traces, reason="accountability", until="audit", is_lifted=True),
        keep("memberships", places, reason="authorship", until="audit", is_lifted=True),
    ]
