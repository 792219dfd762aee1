"""`/api/onlyfans/campaigns`: written, planned, approved by the right person, launched, and walled off."""

from datetime import date, timedelta
from typing import Any

import pytest

from accounts.models import AuditEvent
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Campaign, Delivery, FanList, FanListEntry, Message
from tests.factories.accounts import MembershipFactory
from tests.factories.messaging import FanFactory

CAMPAIGNS = "/api/onlyfans/campaigns"
DEEDS = ("plan", "approve", "launch", "pause", "resume", "cancel", "unsend", "retry-failed")


def coming(month: int, day: int) -> date:
    """The next such day that is not today."""
    today = clock.now().date()
    this_year = date(today.year, month, day)
    return this_year if this_year > today else date(today.year + 1, month, day)


def spring() -> date:
    """The next last Sunday of March, when Paris sets its clocks ahead at two."""
    found = (date(year, 3, 31) for year in (clock.now().year, clock.now().year + 1))
    sundays = (day - timedelta(days=(day.weekday() + 1) % 7) for day in found)
    return next(day for day in sundays if day > clock.now().date())


WINTER = coming(1, 15)


def body(world: Any, **more: Any) -> dict[str, Any]:
    return {
        "name": "Friday set",
        "accountId": world.account.public_id,
        "content": {"en": "Hey {firstName|you}"},
        "include": [{"fan": world.fan.public_id}],
    } | more


def make(client: Any, world: Any, **more: Any) -> dict[str, Any]:
    answer = client.post(CAMPAIGNS, body(world, **more), format="json")
    assert answer.status_code == 201, answer.json()
    return dict(answer.json())


def act(client: Any, campaign: dict[str, Any], deed: str, data: Any = None, **extra: Any) -> Any:
    return client.post(f"{CAMPAIGNS}/{campaign['id']}/{deed}", data, format="json", **extra)


def approve(client: Any, campaign: dict[str, Any]) -> Any:
    return act(client, campaign, "approve", {"contentHash": campaign["contentHash"]})


def big_list(world: Any, count: int) -> str:
    """A list of `count` new fans."""
    fans = [FanFactory(account=world.account) for _ in range(count)]
    with cross_workspace("demo"):
        row = FanList.objects.create(
            workspace=world.account.workspace, account=world.account, name="Big", created_at=clock.now()
        )
        for fan in fans:
            FanListEntry.objects.create(
                workspace=world.account.workspace, fan_list=row, fan=fan, added_at=clock.now()
            )
    return str(row.public_id)


def stored(campaign: dict[str, Any]) -> Campaign:
    with cross_workspace("demo"):
        return next(row for row in Campaign.objects.all() if row.public_id == campaign["id"])


def test_a_draft_comes_back_as_it_was_written(world: Any, api: Any) -> None:
    list_id = big_list(world, 1)
    data = make(
        api(world.owner),
        world,
        content={"fr": "Coucou {{fanName}}"},
        mediaIds=["90210"],
        price="15.00",
        lockedText=True,
        include=[{"list": list_id}],
        exclude=[{"fan": world.fan.public_id}],
        caps={"mostRecipients": 400, "perHour": 60, "perDay": 300},
        automaticExclusions={"recentCampaignHours": None, "sameTextDays": 7, "sameMediaDays": 90},
        schedule={"kind": "at", "date": WINTER.isoformat(), "at": "20:00", "timezone": "Europe/Paris"},
        priority=9,
    )
    assert data["content"] == {"fr": "Coucou {name}"}
    assert (data["status"], data["mode"], data["price"], data["currency"]) == (
        "draft",
        "queued",
        "15.00",
        "USD",
    )
    assert (data["mediaIds"], data["lockedText"], data["priority"]) == (["90210"], True, 9)
    assert (data["include"], data["exclude"]) == ([{"list": list_id}], [{"fan": world.fan.public_id}])
    assert data["automaticExclusions"] == {
        "inConversationMinutes": 30, "recentCampaignHours": None, "sameTextDays": 7, "sameMediaDays": 90,
    }  # fmt: skip
    assert data["caps"] == {"mostRecipients": 400, "perHour": 60, "perDay": 300}
    assert data["schedule"] == {
        "kind": "at",
        "date": WINTER.isoformat(),
        "at": "20:00",
        "timezone": "Europe/Paris",
    }
    assert (data["plan"], data["approval"], data["editedBy"]) == (None, None, world.owner.public_id)
    assert stored(data).scheduled_for.isoformat() == f"{WINTER}T19:00:00+00:00"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"content": {"en": "Hey {nickname}"}}, "content.en"),
        ({"content": {"en": "Hey {name"}}, "content.en"),
        ({"content": {"en": "   "}}, "content.en"),
        ({"content": {"en": "a", "fr": "b"}}, "content"),
        ({"content": {}}, "content"),
        ({"content": {"en": "{name|" + "x" * 60 + "}" * 1 + "y" * 4950}}, "content.en"),
        ({"price": "12.00"}, "mediaIds"),
        ({"price": "2.00", "mediaIds": ["1"]}, "price"),
        ({"mediaIds": ["../etc"]}, "mediaIds.0"),
        ({"include": []}, "include"),
        ({"include": {}}, "include"),
        ({"include": [{"fan": "fan_x"}]}, "include.0"),
        ({"include": [{"link": "lnk_x"}]}, "include.0"),
        ({"exclude": [{"segment": "lst_x"}]}, "exclude.0"),
        ({"mode": "native"}, "mode"),
        ({"priority": 1}, "priority"),
        ({"mediaIds": ["90210", "ofapi_media_1"]}, "mediaIds.1"),
        ({"caps": {"perWeek": 400}}, "caps.perWeek"),
        ({"caps": {"perHour": 0}}, "caps.perHour"),
        ({"caps": {"perDay": 1_000_001}}, "caps.perDay"),
        ({"caps": {"mostRecipients": 0}}, "caps.mostRecipients"),
        ({"automaticExclusions": {"sameMediaDays": 0}}, "automaticExclusions.sameMediaDays"),
        ({"previewIds": ["1"]}, "previewIds"),
        ({"schedule": {"kind": "fan_local"}}, "schedule.kind"),
        ({"schedule": {"kind": "at", "date": WINTER.isoformat()}}, "schedule"),
        ({"schedule": {"kind": "at", "date": "2020-11-27", "at": "20:00"}}, "schedule"),
        (
            {
                "schedule": {
                    "kind": "at",
                    "date": spring().isoformat(),
                    "at": "02:30",
                    "timezone": "Europe/Paris",
                }
            },
            "schedule.at",
        ),
        ({"schedule": {"kind": "now", "timezone": "Mars/Base"}}, "schedule.timezone"),
        ({"automaticExclusions": {"sameTextDays": 0}}, "automaticExclusions.sameTextDays"),
    ],
)
def test_a_bad_campaign_is_a_400_and_stores_nothing(
    world: Any, api: Any, change: dict[str, Any], field: str
) -> None:
    answer = api(world.owner).post(CAMPAIGNS, body(world, **change), format="json")
    assert answer.status_code == 400, answer.json()
    assert field in [item["field"] for item in answer.json()["details"]]
    with cross_workspace("demo"):
        assert Campaign.objects.count() == 0


def test_parts_of_other_accounts_and_workspaces_are_unknown(world: Any, api: Any) -> None:
    for stranger in (world.other_fan, world.outsider_fan):
        answer = api(world.owner).post(
            CAMPAIGNS, body(world, include=[{"fan": stranger.public_id}]), format="json"
        )
        assert answer.json()["details"] == [{"field": "include.0", "message": "Unknown fan."}]


def test_a_small_campaign_goes_from_draft_to_scheduled_by_one_person(world: Any, api: Any) -> None:
    client = api(world.owner)
    campaign = make(client, world)
    assert act(client, campaign, "launch").status_code == 409
    planned = act(client, campaign, "plan").json()
    assert planned["status"] == "awaiting_approval"
    assert {key: planned["plan"][key] for key in ("planned", "excluded", "excludedBy", "needsSecondPerson")} == {
        "planned": 1, "excluded": 0, "excludedBy": {}, "needsSecondPerson": False,
    }  # fmt: skip
    refused = act(client, campaign, "launch")
    assert (refused.status_code, refused.json()["code"]) == (409, "HUMAN_APPROVAL_REQUIRED")
    approved = approve(client, campaign).json()
    assert approved["approval"] == {
        "by": world.owner.public_id,
        "at": approved["approval"]["at"],
        "contentHash": campaign["contentHash"],
        "secondPerson": "not_needed",
    }
    launched = act(client, campaign, "launch", HTTP_IDEMPOTENCY_KEY="go-1")
    assert launched.status_code == 202
    data = launched.json()
    assert set(data) == {
        "campaignId", "totalRecipients", "queued", "failed", "estimatedCompletionTime", "status",
    }  # fmt: skip
    assert (data["campaignId"], data["totalRecipients"], data["queued"], data["failed"], data["status"]) == (
        campaign["id"], 1, 0, 0, "scheduled",
    )  # fmt: skip
    again = act(client, campaign, "launch", HTTP_IDEMPOTENCY_KEY="go-1")
    assert (again.status_code, again.json(), again["Idempotent-Replayed"]) == (202, data, "true")
    with cross_workspace("demo"):
        actions = (
            AuditEvent.objects.filter(target=campaign["id"]).order_by("pk").values_list("action", flat=True)
        )
        assert list(actions) == [
            "campaign.created",
            "campaign.planned",
            "campaign.approved",
            "campaign.launched",
        ]
        assert Delivery.objects.count() == 0


def test_nobody_in_the_audience_stays_a_draft(world: Any, api: Any) -> None:
    with cross_workspace("demo"):
        type(world.fan).objects.filter(pk=world.fan.pk).update(can_receive=False)
    client = api(world.owner)
    data = act(client, make(client, world), "plan").json()
    assert (data["status"], data["statusReason"]) == ("draft", "nobody")
    assert data["plan"]["excludedBy"] == {"cannotReceive": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"content": {"en": "Another"}},
        {"price": "20.00", "mediaIds": ["1"]},
        {"mediaIds": ["1"]},
        {"exclude": [{"fan": "FAN"}]},
        {"automaticExclusions": {"sameTextDays": None}},
        {"automaticExclusions": {"sameMediaDays": None}},
        {"caps": {"mostRecipients": 5}},
    ],
)
def test_a_change_of_content_ends_the_approval(world: Any, api: Any, change: dict[str, Any]) -> None:
    client = api(world.owner)
    campaign = make(client, world)
    act(client, campaign, "plan")
    approve(client, campaign)
    if "exclude" in change:
        change = {"exclude": [{"fan": world.fan.public_id}]}
    answer = api(world.manager).patch(f"{CAMPAIGNS}/{campaign['id']}", change, format="json")
    assert answer.status_code == 200, answer.json()
    data = answer.json()
    assert (data["status"], data["approval"], data["plan"]) == ("draft", None, None)
    assert data["contentHash"] != campaign["contentHash"]
    assert data["editedBy"] == world.manager.public_id


def test_a_new_name_or_time_keeps_the_approval_and_takes_back_the_launch(world: Any, api: Any) -> None:
    client = api(world.owner)
    campaign = make(client, world)
    act(client, campaign, "plan")
    approve(client, campaign)
    assert act(client, campaign, "launch").status_code == 202
    change = {"name": "Saturday", "schedule": {"kind": "at", "date": WINTER.isoformat(), "at": "09:00"}}
    data = client.patch(f"{CAMPAIGNS}/{campaign['id']}", change, format="json").json()
    assert (data["status"], data["launchAt"], data["contentHash"]) == (
        "awaiting_approval", None, campaign["contentHash"],
    )  # fmt: skip
    assert data["approval"]["contentHash"] == campaign["contentHash"]
    assert act(client, campaign, "launch").json()["estimatedCompletionTime"] == f"{WINTER}T09:00:00.000Z"


def test_a_changed_segment_ends_the_approval(world: Any, api: Any) -> None:
    client = api(world.owner)
    tree = {"all": [{"field": "can_receive", "op": "is", "value": True}]}
    segment = client.post(
        "/api/onlyfans/segments", {"name": "All", "accountId": world.account.public_id, "conditions": tree},
        format="json",
    ).json()  # fmt: skip
    campaign = make(client, world, include=[{"segment": segment["id"]}])
    act(client, campaign, "plan")
    approve(client, campaign)
    wider = {"any": [*tree["all"], {"field": "tips_count", "op": "gte", "value": 0}]}
    client.patch(f"/api/onlyfans/segments/{segment['id']}", {"conditions": wider}, format="json")
    refused = act(client, campaign, "launch")
    assert (refused.status_code, refused.json()["code"]) == (409, "HUMAN_APPROVAL_REQUIRED")
    assert stored(campaign).state == "awaiting_approval"
    assert client.delete(f"/api/onlyfans/segments/{segment['id']}").status_code == 409


def test_an_approval_is_of_what_was_looked_at(world: Any, api: Any) -> None:
    client = api(world.owner)
    campaign = make(client, world)
    act(client, campaign, "plan")
    answer = act(client, campaign, "approve", {"contentHash": f"sha256:{'0' * 64}"})
    assert (answer.status_code, answer.json()["code"]) == (409, "HUMAN_APPROVAL_REQUIRED")
    assert act(client, campaign, "approve", {}).status_code == 400
    assert stored(campaign).approved_by_id is None


@pytest.mark.parametrize(
    ("fans", "more"), [(51, {}), (1, {"price": "100.01", "mediaIds": ["1"]})], ids=["many", "dear"]
)
def test_a_second_person_approves_what_is_big(world: Any, api: Any, fans: int, more: dict[str, Any]) -> None:
    owner, manager = api(world.owner), api(world.manager)
    campaign = make(owner, world, include=[{"list": big_list(world, fans)}], **more)
    assert act(owner, campaign, "plan").json()["plan"]["needsSecondPerson"] is True
    refused = approve(owner, campaign)
    assert (refused.status_code, refused.json()["code"]) == (409, "HUMAN_APPROVAL_REQUIRED")
    assert stored(campaign).approved_by_id is None
    assert approve(manager, campaign).json()["approval"]["secondPerson"] == "present"


def test_fifty_need_no_second_person(world: Any, api: Any) -> None:
    owner = api(world.owner)
    campaign = make(owner, world, include=[{"list": big_list(world, 50)}])
    act(owner, campaign, "plan")
    assert approve(owner, campaign).json()["approval"]["secondPerson"] == "not_needed"


def test_who_is_alone_approves_alone_and_the_answer_says_so(world: Any, api: Any) -> None:
    with cross_workspace("demo"):
        type(world.manager).objects.filter(pk=world.manager.pk).update(ended_at=clock.now())
    owner = api(world.owner)
    campaign = make(owner, world, include=[{"list": big_list(world, 51)}])
    act(owner, campaign, "plan")
    assert approve(owner, campaign).json()["approval"]["secondPerson"] == "not_available"


def test_a_chatter_writes_for_assigned_creators_and_launches_nothing(world: Any, api: Any) -> None:
    client = api(world.chatter)
    campaign = make(client, world)
    assert act(client, campaign, "plan").status_code == 200
    codes = {deed: act(client, campaign, deed).status_code for deed in DEEDS if deed != "plan"}
    assert codes == dict.fromkeys(codes, 403)
    assert client.get(f"{CAMPAIGNS}/{campaign['id']}/progress").status_code == 200
    answer = client.post(CAMPAIGNS, body(world, accountId=world.other_account.public_id), format="json")
    assert answer.status_code == 404
    assert stored(campaign).state == "awaiting_approval"


def test_an_outsider_and_an_unassigned_manager_meet_404_everywhere(world: Any, api: Any) -> None:
    campaign = make(api(world.owner), world)
    cut = MembershipFactory(workspace=world.owner.workspace, role="manager", sees_all_creators=False)
    for member in (world.outsider, cut):
        client = api(member)
        answers = [act(client, campaign, deed, {"contentHash": "x"}) for deed in DEEDS]
        answers += [
            client.get(f"{CAMPAIGNS}/{campaign['id']}"),
            client.get(f"{CAMPAIGNS}/{campaign['id']}/progress"),
            client.get(f"{CAMPAIGNS}/{campaign['id']}/preview"),
            client.patch(f"{CAMPAIGNS}/{campaign['id']}", {"name": "x"}, format="json"),
            client.delete(f"{CAMPAIGNS}/{campaign['id']}"),
            client.post(CAMPAIGNS, body(world), format="json"),
            client.get(CAMPAIGNS, {"accountId": world.account.public_id}),
        ]
        assert [answer.status_code for answer in answers] == [404] * len(answers)
        assert client.get(CAMPAIGNS).json() == {"campaigns": [], "total": 0, "limit": 50, "offset": 0}
    assert [act(api(), campaign, deed).status_code for deed in DEEDS] == [401] * len(DEEDS)
    assert (stored(campaign).state, stored(campaign).name) == ("draft", "Friday set")


def test_a_cap_is_changed_without_a_new_approval_and_taken_off_by_null(world: Any, api: Any) -> None:
    client = api(world.owner)
    campaign = make(client, world, caps={"perHour": 60, "perDay": 300})
    act(client, campaign, "plan")
    assert approve(client, campaign).status_code == 200
    answer = client.patch(f"{CAMPAIGNS}/{campaign['id']}", {"caps": {"perHour": None}}, format="json")
    assert answer.json()["caps"] == {"mostRecipients": None, "perHour": None, "perDay": 300}
    assert (answer.json()["status"], answer.json()["approval"] is None) == ("awaiting_approval", False)


def test_a_preview_shows_real_recipients_in_their_turn_and_stores_nothing(world: Any, api: Any) -> None:
    client = api(world.chatter)
    now = clock.now()
    fans = [
        FanFactory(account=world.account, name=name, last_active_at=now - timedelta(days=days))
        for days, name in enumerate(("Sam Smith", "4711", "{creatorName}", "Alex", "Kim", "Robin"))
    ]
    gone = FanFactory(account=world.account, name="Gone", last_active_at=now, can_receive=False)
    campaign = make(
        client,
        world,
        content={"en": "Hey {firstName|you}, it is {displayName}"},
        include=[{"fan": fan.public_id} for fan in [gone, *reversed(fans)]],
    )
    answer = client.get(f"{CAMPAIGNS}/{campaign['id']}/preview")
    assert answer.status_code == 200
    assert answer.json()["previews"] == [
        {"fanId": fans[0].public_id, "text": "Hey Sam, it is Sam Smith", "fallbacks": []},
        {"fanId": fans[1].public_id, "text": "Hey you, it is 4711", "fallbacks": ["firstName"]},
        {"fanId": fans[2].public_id, "text": "Hey you, it is {creatorName}", "fallbacks": ["firstName"]},
        {"fanId": fans[3].public_id, "text": "Hey Alex, it is Alex", "fallbacks": []},
        {"fanId": fans[4].public_id, "text": "Hey Kim, it is Kim", "fallbacks": []},
    ]
    assert answer["Cache-Control"] == "no-store"
    with cross_workspace("demo"):
        assert (Delivery.objects.count(), Message.objects.count()) == (0, 0)


def test_a_preview_with_nobody_in_it_is_empty(world: Any, api: Any) -> None:
    client = api(world.owner)
    campaign = make(client, world, exclude=[{"fan": world.fan.public_id}])
    assert client.get(f"{CAMPAIGNS}/{campaign['id']}/preview").json() == {"previews": [], "credits": None}


def test_lists_are_cut_by_account_and_status(world: Any, api: Any) -> None:
    client = api(world.owner)
    first, second = make(client, world), make(client, world, name="Second")
    act(client, second, "plan")
    page = client.get(CAMPAIGNS, {"limit": 1}).json()
    assert ([row["id"] for row in page["campaigns"]], page["total"]) == ([second["id"]], 2)
    drafts = client.get(CAMPAIGNS, {"status": "draft"}).json()
    assert [row["id"] for row in drafts["campaigns"]] == [first["id"]]
    assert client.get(CAMPAIGNS, {"status": "flying"}).status_code == 400
    other = client.get(CAMPAIGNS, {"accountId": world.other_account.public_id}).json()
    assert other["total"] == 0


def test_deeds_out_of_turn_are_409_and_change_nothing(world: Any, api: Any) -> None:
    client = api(world.owner)
    campaign = make(client, world)
    for deed in ("launch", "pause", "resume", "unsend", "retry-failed"):
        answer = act(client, campaign, deed)
        assert (answer.status_code, answer.json()["status"]) == (409, "draft")
    assert approve(client, campaign).status_code == 409
    assert stored(campaign).state == "draft"
    assert act(client, campaign, "cancel").json()["status"] == "cancelled"
    assert client.patch(f"{CAMPAIGNS}/{campaign['id']}", {"name": "x"}, format="json").status_code == 409
    assert client.delete(f"{CAMPAIGNS}/{campaign['id']}").status_code == 409


def test_a_draft_is_deleted(world: Any, api: Any) -> None:
    client = api(world.owner)
    campaign = make(client, world)
    assert client.delete(f"{CAMPAIGNS}/{campaign['id']}").status_code == 204
    assert client.get(f"{CAMPAIGNS}/{campaign['id']}").status_code == 404


def test_a_time_that_has_passed_is_not_launched(world: Any, api: Any) -> None:
    client = api(world.owner)
    schedule = {"kind": "at", "date": WINTER.isoformat(), "at": "09:00"}
    campaign = make(client, world, schedule=schedule)
    act(client, campaign, "plan")
    approve(client, campaign)
    with cross_workspace("demo"):
        Campaign.objects.update(scheduled_for=clock.now() - timedelta(minutes=1))
    assert act(client, campaign, "launch").status_code == 409
    assert stored(campaign).state == "awaiting_approval"
