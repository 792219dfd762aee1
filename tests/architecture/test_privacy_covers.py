"""Every table of a workspace is in its erasure and in its export, or stands here with the reason why not."""

from typing import Any

import pytest
from django.apps import apps

from accounts.services.privacy import registry
from accounts.services.privacy.registry import Subject
from accounts.types import PrivacyScope
from huntaze.kernel.tenancy import WorkspaceModel

#: Tables that no step of an erasure names.
NOT_ERASED = {
    "accounts.AuditBlock": "hashes and keys of rows of the log",
    "accounts.AuditHead": "the end of that chain",
    "accounts.AuditProof": "whether that chain was whole, night by night",
    "accounts.CreatorAssignment": "who worked for whom, by key: both are nameless by then",
    "accounts.ImpersonationGrant": "visits of the staff: the other side of the log",
    "accounts.PrivacyRequest": "the receipt itself",
    "accounts.TokenRefresh": "ends when the account is disconnected, which is a step",
    **dict.fromkeys(
        (
            "billing.Grant",
            "billing.LedgerAccount",
            "billing.LedgerEntry",
            "billing.Reservation",
            "billing.ReservationPart",
        ),
        "the books, of which the step `credits` speaks: amounts and keys",
    ),
}
#: Tables that are in no file of an export.
NOT_EXPORTED = {
    "accounts.AuditBlock": "hashes and keys of rows of the log",
    "accounts.AuditHead": "the end of that chain",
    "accounts.AuditProof": "whether that chain was whole, night by night",
    "accounts.CreatorAssignment": "stands in the audit log",
    "accounts.Connection": "an attempt; the account it led to is there",
    "accounts.ExportChunk": "the export itself",
    "accounts.IdempotencyRecord": "a copy of an answer, for a day",
    "accounts.ImpersonationGrant": "stands in the audit log",
    "accounts.LegalHold": "the staff's, and may be a secret",
    "accounts.OAuthState": "secrets of an attempt to connect",
    "accounts.PrivacyRequest": "shown on its own page",
    "accounts.RetentionChoice": "stands in the audit log",
    "accounts.TokenRefresh": "when tokens are renewed",
    "accounts.WebhookDelivery": "ids and states of things that are there",
    **dict.fromkeys(
        ("billing.LedgerAccount", "billing.Reservation", "billing.ReservationPart"),
        "sums over entries that are there",
    ),
    **dict.fromkeys(
        ("billing.LimitOverride", "billing.StockCount", "billing.UsageCount", "billing.WorkspaceHold"),
        "limits and counts of the house, not of people",
    ),
    "messaging.CampaignExclusion": "who was left out; the campaign and the fans are there",
    "messaging.CampaignUnsend": "the way back of a delivery that is there",
    "messaging.Conversation": "its messages are there",
    "messaging.Demo": "when an invented world was made",
    "messaging.CreditChange": "work for the ledger; its entries are there",
}


def covered(parts: list[Any], subject: Subject) -> set[str]:
    found = set()
    for part in parts:
        with registry.wall(part, subject):
            found.add(part.rows(subject).model._meta.label)
    return found


def tenants() -> set[str]:
    return {model._meta.label for model in apps.get_models() if issubclass(model, WorkspaceModel)}


@pytest.fixture
def subject(world: Any) -> Subject:
    workspace = world.owner.workspace
    return Subject(PrivacyScope.WORKSPACE, workspace.pk, workspace.pk, workspace.public_id)


def test_every_table_is_erased_emptied_or_kept_for_a_reason(subject: Subject) -> None:
    assert tenants() - covered(registry.steps_of(subject.scope), subject) - set(NOT_ERASED) == set()


def test_every_table_is_exported_or_left_out_for_a_reason(subject: Subject) -> None:
    assert tenants() - covered(registry.datasets_of(subject.scope), subject) - set(NOT_EXPORTED) == set()
