"""A creator of a demo with her account and her fans."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Creator, PlatformAccount, Workspace
from accounts.services import demo as places
from accounts.services.demo import Team
from messaging.models import Conversation, Fan, FanList, FanListEntry, Segment
from messaging.rules.demo.plan import PlannedCreator
from messaging.services.fans import handle_digest

#: Where the ids of a demo's fans begin; those of an account are its own.
FIRST_FAN = 7_000_000_001
ON_THE_LIST = 380
CAN_RECEIVE = {"all": [{"field": "can_receive", "op": "is", "value": True}]}


@dataclass(frozen=True, slots=True)
class Cast:
    """What the rows of one creator hang on."""

    number: int
    plan: PlannedCreator
    team: Team
    account: PlatformAccount
    fans: list[Fan]
    talks: list[Conversation]
    everybody: FanList

    @property
    def creator(self) -> Creator:
        return self.account.creator


def cast_of(workspace: Workspace, number: int, plan: PlannedCreator, team: Team, now: datetime) -> Cast:
    account = places.creator(
        workspace=workspace,
        number=number,
        stage_name=plan.stage_name,
        handle=plan.handle,
        language=plan.language,
        timezone=plan.timezone,
        trouble=plan.trouble,
        team=team,
        now=now,
    )
    last = {line.fan: line for line in plan.lines}
    fans = Fan.objects.bulk_create(
        Fan(
            account=account,
            platform_user_id=str(FIRST_FAN + place),
            name=fan.name,
            handle=fan.handle,
            handle_digest=handle_digest(fan.handle),
            can_receive=fan.can_receive or place in last,
            first_seen_at=fan.first_seen_at,
            last_active_at=last[place].at if place in last else None,
        )
        for place, fan in enumerate(plan.fans)
    )
    talks = Conversation.objects.bulk_create(
        Conversation(
            account=account,
            fan=fan,
            last_message_at=last[place].at if place in last else None,
            unread_count=int(place in last and not last[place].is_out),
        )
        for place, fan in enumerate(fans)
    )
    everybody = FanList.objects.create(
        account=account, name="Active this month", created_at=now - timedelta(days=60)
    )
    FanListEntry.objects.bulk_create(
        FanListEntry(fan_list=everybody, fan=fan, added_at=now - timedelta(days=59))
        for fan in fans[:ON_THE_LIST]
    )
    Segment.objects.create(
        account=account, name="Can receive", conditions=CAN_RECEIVE, created_at=now, updated_at=now
    )
    return Cast(number, plan, team, account, fans, talks, everybody)
