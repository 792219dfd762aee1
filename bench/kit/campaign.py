"""One account with a large audience, and the statement that makes a campaign's deliveries of it."""

import time
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from accounts.models import Membership, PlatformAccount
from accounts.services.audit import Actor
from bench.kit import rows
from bench.kit.house import House, wait_for
from huntaze.kernel import clock
from huntaze.kernel.tenancy import workspace_scope
from messaging.models import Campaign, Delivery, Segment
from messaging.rules.campaigns import NORMAL
from messaging.selectors.campaigns import content_hash
from messaging.services.audiences import make_segment
from messaging.services.campaigns.approve import approve
from messaging.services.campaigns.edit import make
from messaging.services.campaigns.expand import expand as make_rows
from messaging.services.campaigns.expand import take_turn
from messaging.services.campaigns.launch import launch
from messaging.services.campaigns.plan import plan
from messaging.services.campaigns.steer import cancel
from messaging.types import CampaignDraft, CampaignState


@dataclass(frozen=True, slots=True)
class Audience:
    account: int
    workspace: int
    member: int
    fans: int


_LATELY = "UPDATE messaging_fan SET last_active_at = now() WHERE account_id = %(account)s"
_FANS = """
INSERT INTO messaging_fan (uid, workspace_id, account_id, platform_user_id, can_receive, first_seen_at, last_active_at)
SELECT gen_random_uuid(), %(workspace)s, %(account)s, (2000000000 + k)::text, true, now(), now() - k * interval '1 s'
  FROM generate_series(1, %(count)s) AS k
"""


def audience(count: int, desk: rows.Desk | None = None) -> Audience:
    """An account with this many fans who may receive: this desk's, whose own fans come first, or one of its own."""
    desk = desk or rows.desks([f"acct_bench_{time.time_ns()}"], 1)[0]
    with connection.cursor() as cursor:
        values = {"workspace": desk.workspace, "account": desk.account, "count": count - len(desk.fans)}
        cursor.execute(_LATELY, values)
        cursor.execute(_FANS, values)
    rows.analyze("messaging_fan")
    return Audience(desk.account, desk.workspace, desk.member, count)


def expand(to: Audience) -> float:
    """Seconds from an approved campaign to its committed deliveries; the campaign is cancelled afterwards."""
    with workspace_scope(to.workspace):
        member, actor = _actor(to)
        campaign = _launched(to, member, actor)
        assert take_turn(campaign.pk)
        started = time.perf_counter()
        made = make_rows(campaign_pk=campaign.pk, now=clock.now())
        seconds = time.perf_counter() - started
        assert made == to.fans, made
        cancel(campaign=Campaign.objects.get(pk=campaign.pk), actor=actor, now=clock.now())
    return seconds


def start(to: Audience, house: House) -> tuple[int, float]:
    """Launch a campaign as a person does; its key, and the seconds until the workers have queued everybody."""
    with workspace_scope(to.workspace):
        member, actor = _actor(to)
        started = time.perf_counter()
        pk = _launched(to, member, actor).pk
        running = Campaign.objects.filter(pk=pk, state=CampaignState.RUNNING)
        wait_for(running.exists, seconds=120, what="the campaign runs", house=house, every=0.02)
        seconds = time.perf_counter() - started
        queued = Delivery.objects.filter(campaign=pk).count()
        assert queued == to.fans, queued
    return pk, seconds


def end(to: Audience, pk: int) -> None:
    """Cancel it; what was not sent yet leaves the queue."""
    with workspace_scope(to.workspace):
        _, actor = _actor(to)
        cancel(campaign=Campaign.objects.get(pk=pk), actor=actor, now=clock.now())


def _actor(to: Audience) -> tuple[Membership, Actor]:
    member = Membership.objects.select_related("user").get(pk=to.member)
    return member, Actor.member(member.user_id, member.pk, None)


def _launched(to: Audience, member: Membership, actor: Actor) -> Campaign:
    """Planned, approved and launched as a person does it: everybody who was ever seen, no automatic exclusions."""
    now = clock.now()
    account = PlatformAccount.objects.get(pk=to.account)
    conditions = {"all": [{"field": "first_seen", "op": "is_known", "value": True}]}
    segment = Segment.objects.filter(account=account).first() or make_segment(
        account=account, name="Everybody", conditions=conditions, actor=actor, now=now
    )
    draft = CampaignDraft(
        name="Benchmark",
        language="en",
        text="Hey, a new set tonight, just for you",
        price=Decimal(0),
        is_locked_text=False,
        media_ids=(),
        include=({"segment": segment.public_id},),
        exclude=(),
        in_conversation_minutes=None,
        recent_campaign_hours=None,
        same_text_days=None,
        same_media_days=None,
        most_recipients=None,
        most_per_hour=None,
        most_per_day=None,
        scheduled_for=None,
        timezone="UTC",
        priority=NORMAL,
    )
    campaign = plan(
        campaign=make(account=account, draft=draft, member_pk=member.pk, actor=actor, now=now),
        actor=actor,
        now=now,
    )
    agreed = content_hash(campaign)
    campaign = approve(campaign=campaign, agreed_hash=agreed, member_pk=member.pk, actor=actor, now=now)
    return launch(campaign=campaign, member_pk=member.pk, actor=actor, now=now)
