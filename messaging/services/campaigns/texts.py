"""The moment of the claim: a campaign's text is filled in for each fan and becomes a message.

Runs inside the claim's own transaction, so that no row is ever on its way without the message that it carries. Rows of
a campaign that is no longer running are set aside here, which is what makes a pause or a cancel final.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.db import connection

from huntaze.kernel import clock
from huntaze.kernel.crypto import DecryptionFailed
from messaging.models import Campaign, Conversation, Delivery, Fan, Message
from messaging.rules import placeholders
from messaging.rules.campaigns import zone
from messaging.rules.content import storable
from messaging.services import credits
from messaging.services.send import text_digest
from messaging.services.sending.claims import Claimed
from messaging.types import AuthorKind, CampaignState, DeliveryState, Direction

log = structlog.get_logger(__name__)

#: Note on rows whose campaign's text can't be opened; the campaign fails when it is looked after next.
UNREADABLE = "text_unreadable"
#: One that is done has nothing of its own waiting: what is claimed then, a person has queued again.
_KEPT = {CampaignState.PLANNING, CampaignState.RUNNING, CampaignState.DONE}
_BACK = {CampaignState.PAUSED: DeliveryState.HELD}

_LINK = """
UPDATE messaging_delivery d SET message_id = o.message_id
  FROM unnest(%(ids)s::bigint[], %(messages)s::bigint[]) AS o(id, message_id)
 WHERE d.id = o.id
"""
# A row that was being repeated after an uncertain outcome may have arrived: it is uncertain again.
_ASIDE = "CASE WHEN d.replays > 0 THEN 'uncertain' ELSE o.state END"
_SET_ASIDE = credits.ending(
    """
WITH ended AS (
UPDATE messaging_delivery d
   SET state = {state}, credit_state = {credit}, last_error = o.note,
       dispatched_at = CASE WHEN d.attempts > 1 THEN d.dispatched_at END,
       first_attempt_at = CASE WHEN d.attempts > 1 THEN d.first_attempt_at END,
       attempts = d.attempts - 1, leased_until = NULL, lease_token = NULL, needs_lookup = false
  FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(notes)s::text[]) AS o(id, state, note)
 WHERE d.id = o.id
RETURNING d.workspace_id, d.reservation_id, d.credit_state
), {noted}
SELECT count(*) FROM ended
""",
    state=_ASIDE,
)


def write_texts(claimed: Sequence[Claimed]) -> list[Claimed]:
    """The rows that may go; campaigns' rows among them have their messages now."""
    wanted = {row.campaign for row in claimed if row.campaign is not None}
    if not wanted:
        return list(claimed)
    rows = Campaign.objects.filter(pk__in=wanted).select_related("account__creator")
    campaigns: dict[int, Campaign] = {campaign.pk: campaign for campaign in rows}
    aside: list[tuple[int, DeliveryState, str]] = []
    going: dict[int, int] = {}
    for row in claimed:
        if row.campaign is None:
            continue
        state = CampaignState(campaigns[row.campaign].state)
        if state in _KEPT:
            going[row.id] = row.campaign
        else:
            aside.append((row.id, _BACK.get(state, DeliveryState.CANCELLED), ""))
    aside += _write(going, campaigns)
    _set_aside(aside)
    lost = {pk for pk, _, _ in aside}
    return [row for row in claimed if row.id not in lost]


def _write(going: dict[int, int], campaigns: dict[int, Campaign]) -> list[tuple[int, DeliveryState, str]]:
    """Make the messages that are missing; returns rows that can't go and why."""
    if not going:
        return []
    now = clock.now()
    rows = list(Delivery.objects.filter(pk__in=going, message=None).select_related("fan").order_by("pk"))
    conversations = _conversations([row.fan for row in rows])
    templates: dict[int, str | None] = {pk: template_of(campaigns[pk]) for pk in set(going.values())}
    made: list[tuple[int, Message]] = []
    for row in rows:
        campaign, template = campaigns[going[row.pk]], templates[going[row.pk]]
        if template is not None:
            text = filled(campaign, template, row.fan, now).text
            made.append((row.pk, _message(campaign, conversations[row.fan_id], text, now)))
    Message.objects.bulk_create([message for _, message in made])
    if made:
        values = {"ids": [pk for pk, _ in made], "messages": [message.pk for _, message in made]}
        with connection.cursor() as cursor:
            cursor.execute(_LINK, values)
    unreadable = [pk for pk, campaign_pk in going.items() if templates[campaign_pk] is None]
    return [(pk, DeliveryState.HELD, UNREADABLE) for pk in unreadable]


def template_of(campaign: Campaign) -> str | None:
    try:
        return campaign.text.reveal()
    except DecryptionFailed:
        log.exception("messaging.campaign.unreadable")
        return None


def filled(campaign: Campaign, template: str, fan: Fan, now: datetime) -> placeholders.Filled:
    """The text that this fan gets at this moment."""
    creator = campaign.account.creator
    try:
        name = fan.name.reveal() if fan.name else ""
    except DecryptionFailed:  # the fan still gets the message, with the fallback
        log.exception("messaging.fan.unreadable")
        name = ""
    local = now.astimezone(zone(creator.timezone) or ZoneInfo("UTC"))
    found = placeholders.fill(
        template, placeholders.Values(name, creator.stage_name, local), campaign.language
    )
    return replace(found, text=storable(found.text))


def _conversations(fans: Iterable[Fan]) -> dict[int, int]:
    """Primary keys of the fans' conversations, by fan; missing ones are made."""
    by_pk = {fan.pk: fan for fan in fans}
    known = dict(Conversation.objects.filter(fan__in=by_pk).values_list("fan_id", "pk"))
    missing = [fan for pk, fan in by_pk.items() if pk not in known]
    if missing:
        Conversation.objects.bulk_create(
            [
                Conversation(workspace_id=fan.workspace_id, account_id=fan.account_id, fan=fan)
                for fan in sorted(missing, key=lambda fan: fan.pk)  # two claims wait in one order
            ],
            ignore_conflicts=True,
        )
        known |= dict(Conversation.objects.filter(fan__in=missing).values_list("fan_id", "pk"))
    return known


def _message(campaign: Campaign, conversation_pk: int, text: str, now: datetime) -> Message:
    fields: dict[str, Any] = {
        name: getattr(campaign, name) for name in ("price_minor", "currency", "is_locked_text", "media_ids")
    }
    return Message(
        workspace_id=campaign.workspace_id,
        account_id=campaign.account_id,
        conversation_id=conversation_pk,
        direction=Direction.OUTBOUND,
        author_kind=AuthorKind.CAMPAIGN,
        author_id=campaign.editor_id,
        approved_by_id=campaign.approved_by_id,
        approved_at=campaign.approved_at,
        text=text,
        text_digest=text_digest(text),
        created_at=now,
        **fields,
    )


def _set_aside(rows: list[tuple[int, DeliveryState, str]]) -> None:
    if not rows:
        return
    values: dict[str, Any] = {
        "ids": [pk for pk, _, _ in rows],
        "states": [str(state) for _, state, _ in rows],
        "notes": [note for _, _, note in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(_SET_ASIDE, values)
