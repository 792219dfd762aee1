"""Lists and segments: kept, counted in SQL, and walled off."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import AuditEvent
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Conversation, Fan, FanList, FanListEntry, FanSignal, Message, Segment
from messaging.services.send import text_digest
from tests.factories.messaging import FanFactory, delivery

LISTS = "/api/onlyfans/lists"
SEGMENTS = "/api/onlyfans/segments"


def make_list(client: Any, world: Any, name: str = "Regulars") -> str:
    answer = client.post(LISTS, {"name": name, "accountId": world.account.public_id}, format="json")
    assert answer.status_code == 201, answer.json()
    return str(answer.json()["id"])


def make_segment(client: Any, world: Any, conditions: Any, name: str = "Buyers") -> Any:
    body = {"name": name, "accountId": world.account.public_id, "conditions": conditions}
    return client.post(SEGMENTS, body, format="json")


def test_a_list_is_made_filled_renamed_and_deleted(world: Any, api: Any) -> None:
    client = api(world.owner)
    list_id = make_list(client, world)
    second = FanFactory(account=world.account)
    fans = {"fanIds": [world.fan.public_id, second.public_id, second.public_id]}
    assert client.post(f"{LISTS}/{list_id}/fans", fans, format="json").json() == {"added": 2, "count": 2}
    assert client.post(f"{LISTS}/{list_id}/fans", fans, format="json").json() == {"added": 0, "count": 2}
    page = client.get(f"{LISTS}/{list_id}/fans", {"limit": 1}).json()
    assert ([row["id"] for row in page["fans"]], page["total"]) == ([second.public_id], 2)
    assert client.patch(f"{LISTS}/{list_id}", {"name": "Best"}, format="json").json()["name"] == "Best"
    assert client.delete(f"{LISTS}/{list_id}/fans/{second.public_id}").status_code == 204
    data = client.get(LISTS).json()
    assert [(row["name"], row["count"]) for row in data["lists"]] == [("Best", 1)]
    assert (data["total"], data["limit"], data["offset"]) == (1, 50, 0)
    assert client.delete(f"{LISTS}/{list_id}").status_code == 204
    with cross_workspace("demo"):
        assert (FanList.objects.count(), FanListEntry.objects.count()) == (0, 0)
        actions = AuditEvent.objects.filter(target=list_id).order_by("pk").values_list("action", flat=True)
        assert list(actions) == [
            "list.created", "list.fans_added", "list.fans_added", "list.renamed", "list.fan_removed", "list.deleted",
        ]  # fmt: skip


def test_fans_of_others_and_taken_names_are_refused(world: Any, api: Any) -> None:
    client = api(world.owner)
    list_id = make_list(client, world)
    for stranger in (world.other_fan, world.outsider_fan):
        fans = {"fanIds": [world.fan.public_id, stranger.public_id]}
        answer = client.post(f"{LISTS}/{list_id}/fans", fans, format="json")
        assert (answer.status_code, answer.json()["details"]) == (
            400, [{"field": "fanIds.1", "message": "Unknown fan."}],
        )  # fmt: skip
    again = client.post(LISTS, {"name": "Regulars", "accountId": world.account.public_id}, format="json")
    assert again.status_code == 409
    with cross_workspace("demo"):
        assert (FanList.objects.count(), FanListEntry.objects.count()) == (1, 0)


def test_the_same_key_makes_one_list(world: Any, api: Any) -> None:
    client = api(world.owner)
    body = {"name": "Once", "accountId": world.account.public_id}
    first = client.post(LISTS, body, format="json", HTTP_IDEMPOTENCY_KEY="l-1")
    again = client.post(LISTS, body, format="json", HTTP_IDEMPOTENCY_KEY="l-1")
    assert (again.status_code, again.json()) == (201, first.json())


def test_an_outsider_and_an_unassigned_chatter_meet_404_everywhere(world: Any, api: Any) -> None:
    owner = api(world.owner)
    body = {"name": "Other", "accountId": world.other_account.public_id}
    list_id = owner.post(LISTS, body, format="json").json()["id"]
    tree = {"all": [{"field": "can_receive", "op": "is", "value": True}]}
    segment_id = owner.post(SEGMENTS, body | {"conditions": tree}, format="json").json()["id"]
    for member in (world.outsider, world.chatter):
        client = api(member)
        answers = [
            client.get(f"{LISTS}/{list_id}"),
            client.patch(f"{LISTS}/{list_id}", {"name": "x"}, format="json"),
            client.delete(f"{LISTS}/{list_id}"),
            client.get(f"{LISTS}/{list_id}/fans"),
            client.post(f"{LISTS}/{list_id}/fans", {"fanIds": [world.other_fan.public_id]}, format="json"),
            client.delete(f"{LISTS}/{list_id}/fans/{world.other_fan.public_id}"),
            client.post(LISTS, body, format="json"),
            client.get(f"{SEGMENTS}/{segment_id}"),
            client.get(f"{SEGMENTS}/{segment_id}/count"),
            client.patch(f"{SEGMENTS}/{segment_id}", {"name": "x"}, format="json"),
            client.delete(f"{SEGMENTS}/{segment_id}"),
            client.post(SEGMENTS, body | {"conditions": tree}, format="json"),
            client.post(f"{SEGMENTS}/preview", body | {"conditions": tree}, format="json"),
            client.get(LISTS, {"accountId": world.other_account.public_id}),
        ]
        assert [answer.status_code for answer in answers] == [404] * len(answers)
        assert (client.get(LISTS).json()["total"], client.get(SEGMENTS).json()["total"]) == (0, 0)
    assert [api().get(path).status_code for path in (LISTS, SEGMENTS)] == [401, 401]
    reader = api(world.owner, scopes=("read",))
    assert reader.post(LISTS, body, format="json").status_code == 403
    with cross_workspace("demo"):
        assert (FanList.objects.get().name, Segment.objects.get().name) == ("Other", "Other")


@pytest.mark.parametrize(
    ("tree", "field"),
    [
        ([], "conditions"),
        ({}, "conditions"),
        ({"all": []}, "conditions.all"),
        ({"some": [{"field": "can_receive", "op": "is", "value": True}]}, "conditions"),
        ({"all": [{"field": "age", "op": "gt", "value": 3}]}, "conditions.all.0.field"),
        ({"all": [{"field": "can_receive", "op": "is", "value": "yes"}]}, "conditions.all.0.value"),
        ({"all": [{"field": "last_active", "op": "within_days", "value": 0}]}, "conditions.all.0.value"),
        ({"all": [{"field": "last_active", "op": "near", "value": 3}]}, "conditions.all.0.op"),
        ({"all": [{"field": "last_active", "op": "before", "value": "2026-01-01"}]}, "conditions.all.0.value"),
        ({"all": [{"field": "last_active", "op": "within_days", "value": 3, "days": 2}]}, "conditions.all.0.days"),
        ({"all": [{"field": "tips_count", "op": "gte", "value": True}]}, "conditions.all.0.value"),
        ({"all": [{"field": "tips_amount", "op": "gte", "value": 3}]}, "conditions.all.0.value"),
        ({"all": [{"field": "tips_amount", "op": "gte", "value": "3.001"}]}, "conditions.all.0.value"),
        ({"all": [{"field": "list", "op": "in", "value": "lst_x"}]}, "conditions"),
        ({"all": [{"field": "can_receive", "op": "is", "value": True, "more": 1}]}, "conditions.all.0"),
        ({"all": [{"any": [{"none": [{"all": [{"field": "can_receive", "op": "is", "value": True}]}]}]}]},
         "conditions.all.0.any.0.none.0"),
        ({"all": [{"field": "can_receive", "op": "is", "value": True}] * 31}, "conditions.all"),
    ],
)  # fmt: skip
def test_a_bad_tree_is_a_400_and_stores_nothing(world: Any, api: Any, tree: Any, field: str) -> None:
    answer = make_segment(api(world.owner), world, tree)
    assert answer.status_code == 400
    assert [item["field"] for item in answer.json()["details"]] == [field]
    with cross_workspace("demo"):
        assert Segment.objects.count() == 0


@pytest.fixture
def crowd(world: Any) -> dict[str, Fan]:
    """Four fans with different lives on the first account; the world's own fan is removed."""
    now = clock.now()
    with cross_workspace("demo"):
        Fan.objects.filter(pk=world.fan.pk).delete()
    fans = {
        "buyer": FanFactory(account=world.account, last_active_at=now - timedelta(days=2)),
        "tipper": FanFactory(account=world.account, last_active_at=now - timedelta(days=20)),
        "silent": FanFactory(account=world.account, first_seen_at=now - timedelta(days=90)),
        "blocked": FanFactory(
            account=world.account, can_receive=False, last_active_at=now - timedelta(days=40)
        ),
    }
    with workspace_scope(world.account.workspace_id):
        for name, fan in fans.items():
            if name == "silent":
                continue
            conversation = Conversation.objects.create(account=world.account, fan=fan)
            kinds = {"buyer": [("purchase", 1500, 3), ("purchase", 700, 60)], "tipper": [("tip", 500, 10)]}
            for index, (kind, amount, days) in enumerate(kinds.get(name, [])):
                FanSignal.objects.create(
                    account=world.account,
                    conversation=conversation,
                    kind=kind,
                    amount_minor=amount,
                    platform_event_id=f"{name}{index}",
                    occurred_at=now - timedelta(days=days),
                )
        Message.objects.create(
            account=world.account,
            conversation=Conversation.objects.get(fan=fans["tipper"]),
            direction="in",
            author_kind="platform",
            text="Hi",
            text_digest=text_digest("Hi"),
            created_at=now - timedelta(days=5),
        )
    sent = delivery(fans["buyer"], world.owner, state="sent")
    with cross_workspace("demo"):
        Message.objects.filter(pk=sent.written.pk).update(sent_at=now - timedelta(days=8))
    return fans


@pytest.mark.parametrize(
    ("tree", "who"),
    [
        ({"all": [{"field": "can_receive", "op": "is", "value": True}]}, "buyer tipper silent"),
        ({"all": [{"field": "can_receive", "op": "is", "value": False}]}, "blocked"),
        ({"all": [{"field": "last_active", "op": "within_days", "value": 30}]}, "buyer tipper"),
        ({"all": [{"field": "last_active", "op": "not_within_days", "value": 30}]}, "silent blocked"),
        ({"all": [{"field": "last_active", "op": "is_known", "value": False}]}, "silent"),
        ({"all": [{"field": "first_seen", "op": "within_days", "value": 7}]}, "buyer tipper blocked"),
        ({"all": [{"field": "first_seen", "op": "before", "value": "2100-01-01T00:00:00Z"}]},
         "buyer tipper silent blocked"),
        ({"all": [{"field": "last_message_from_fan", "op": "within_days", "value": 7}]}, "tipper"),
        ({"all": [{"field": "last_message_from_fan", "op": "after", "value": "2100-01-01T00:00:00Z"}]}, ""),
        ({"all": [{"field": "last_message_to_fan", "op": "within_days", "value": 9}]}, "buyer"),
        ({"all": [{"field": "last_message_to_fan", "op": "within_days", "value": 7}]}, ""),
        ({"all": [{"field": "purchases_count", "op": "eq", "value": 2}]}, "buyer"),
        ({"all": [{"field": "purchases_count", "op": "eq", "value": 0}]}, "tipper silent blocked"),
        ({"all": [{"field": "purchases_count", "op": "gte", "value": 2, "days": 30}]}, ""),
        ({"all": [{"field": "purchases_amount", "op": "gte", "value": "22.00"}]}, "buyer"),
        ({"all": [{"field": "purchases_amount", "op": "gt", "value": "22.00"}]}, ""),
        ({"all": [{"field": "purchases_amount", "op": "lt", "value": "16.00", "days": 30}]},
         "buyer tipper silent blocked"),
        ({"all": [{"field": "tips_amount", "op": "lte", "value": "4.99"}]}, "buyer silent blocked"),
        ({"any": [{"field": "tips_count", "op": "gte", "value": 1},
                  {"field": "purchases_count", "op": "gte", "value": 1}]}, "buyer tipper"),
        ({"none": [{"field": "tips_count", "op": "gte", "value": 1},
                   {"field": "purchases_count", "op": "gte", "value": 1}]}, "silent blocked"),
        ({"all": [{"field": "can_receive", "op": "is", "value": True},
                  {"none": [{"any": [{"field": "tips_count", "op": "gt", "value": 0}]}]}]}, "buyer silent"),
    ],
)  # fmt: skip
def test_conditions_find_exactly_these_fans(
    world: Any, api: Any, crowd: dict[str, Fan], tree: Any, who: str
) -> None:
    from messaging.selectors.audiences import matching
    from messaging.services.audiences import checked_conditions

    with workspace_scope(world.account.workspace_id):
        group = checked_conditions(world.account, tree)
        found = {fan.pk for fan in matching(world.account, group, clock.now())}
    assert {name for name, fan in crowd.items() if fan.pk in found} == set(who.split())
    body = {"accountId": world.account.public_id, "conditions": tree}
    answer = api(world.owner).post(f"{SEGMENTS}/preview", body, format="json")
    assert (answer.status_code, answer.json()) == (200, {"count": len(who.split())})


def test_a_list_in_use_is_not_deleted(world: Any, api: Any) -> None:
    client = api(world.owner)
    list_id = make_list(client, world)
    client.post(f"{LISTS}/{list_id}/fans", {"fanIds": [world.fan.public_id]}, format="json")
    answer = make_segment(client, world, {"all": [{"field": "list", "op": "in", "value": list_id}]})
    assert answer.status_code == 201
    segment_id = answer.json()["id"]
    assert client.get(f"{SEGMENTS}/{segment_id}/count").json() == {"count": 1}
    assert client.delete(f"{LISTS}/{list_id}").status_code == 409
    changed = client.patch(
        f"{SEGMENTS}/{segment_id}", {"conditions": {"none": [{"field": "list", "op": "in", "value": list_id}]}},
        format="json",
    )  # fmt: skip
    assert changed.status_code == 200
    assert client.get(f"{SEGMENTS}/{segment_id}/count").json() == {"count": 0}
    assert client.delete(f"{SEGMENTS}/{segment_id}").status_code == 204
    assert client.delete(f"{LISTS}/{list_id}").status_code == 204
