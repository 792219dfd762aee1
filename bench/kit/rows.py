"""Fast rows: accounts of the sandbox as ours, and messages really encrypted, by COPY."""

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction

from accounts.models import Creator, Membership, PlatformAccount, User, Workspace
from bench.kit.house import Sandbox
from billing.models import LimitOverride
from billing.services.ledger import reservations
from billing.types import Feature, Ref, Unit
from huntaze.kernel import clock, crypto
from huntaze.kernel.ids import uuid7
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Conversation, Delivery, Fan, Message
from messaging.services.send import text_digest

WORKSPACE_ACCOUNTS = 20
WORDS = (
    "hey",
    "new",
    "set",
    "tonight",
    "just",
    "for",
    "you",
    "a",
    "little",
    "surprise",
    "tell",
    "me",
    "what",
)


@dataclass(frozen=True, slots=True)
class Desk:
    """One account with what its rows refer to."""

    account: int
    workspace: int
    member: int
    fans: range
    conversations: range


def text(account: int, number: int) -> str:
    """About 140 characters, another one for each message, so that the sandbox can tell repeats."""
    draw = random.Random(account * 1_000_003 + number)
    return " ".join(draw.choices(WORDS, k=24)) + f" {account}.{number}"


def desks(external_ids: Sequence[str], fans: int) -> list[Desk]:
    """Accounts, 20 a workspace, each with its first `fans` fans and their conversations."""
    now = clock.now()
    with cross_workspace("demo"), transaction.atomic():
        groups = (len(external_ids) + WORKSPACE_ACCOUNTS - 1) // WORKSPACE_ACCOUNTS
        places = [Workspace(name=f"Bench {number}") for number in range(groups)]
        places = Workspace.objects.bulk_create(places, batch_size=1000)
        owner = User.objects.create(email=f"bench-{uuid7()}@example.test", name="Bench")
        members = Membership.objects.bulk_create(
            [Membership(user=owner, workspace=place, role="owner", joined_at=now) for place in places]
        )
        LimitOverride.objects.bulk_create(
            LimitOverride(workspace=place, feature=feature, value=None, reason="bench")
            for place in places
            for feature in (Feature.MESSAGES, Feature.API_CALLS)
        )
        creators = Creator.objects.bulk_create(
            [Creator(workspace=place, stage_name="Bench") for place in places]
        )
        accounts = PlatformAccount.objects.bulk_create(
            [
                PlatformAccount(
                    workspace=places[index // WORKSPACE_ACCOUNTS],
                    creator=creators[index // WORKSPACE_ACCOUNTS],
                    platform="onlyfans",
                    external_id=external_id,
                    handle=f"bench{index}",
                    state="connected",
                    state_changed_at=now,
                    connected_at=now,
                )
                for index, external_id in enumerate(external_ids)
            ],
            batch_size=1000,
        )
        fan_keys, talk_keys = ids(Fan, len(accounts) * fans), ids(Conversation, len(accounts) * fans)
        found = [
            Desk(
                account=account.pk,
                workspace=account.workspace_id,
                member=members[index // WORKSPACE_ACCOUNTS].pk,
                fans=fan_keys[index * fans : (index + 1) * fans],
                conversations=talk_keys[index * fans : (index + 1) * fans],
            )
            for index, account in enumerate(accounts)
        ]
        _copy_fans(found, now)
    analyze("messaging_fan", "messaging_conversation", "accounts_platformaccount")
    return found


def _copy_fans(found: Sequence[Desk], now: datetime) -> None:
    _copy(
        Fan,
        "id uid workspace_id account_id platform_user_id can_receive first_seen_at",
        (
            (pk, uuid7(), desk.workspace, desk.account, Sandbox.fan(index, number), True, now)
            for index, desk in enumerate(found)
            for number, pk in enumerate(desk.fans)
        ),
    )
    _copy(
        Conversation,
        "id uid workspace_id account_id fan_id unread_count",
        (
            (pk, uuid7(), desk.workspace, desk.account, fan, 0)
            for desk in found
            for pk, fan in zip(desk.conversations, desk.fans, strict=True)
        ),
    )


def queue(
    found: Sequence[Desk],
    each: int,
    *,
    lane: str,
    priority: int = 5,
    state: str = "queued",
) -> list[int]:
    """`each` messages for every desk, over its fans in turn; returns the deliveries' keys.

    Texts are encrypted as the product does it.
    """
    now = clock.now()
    count = len(found) * each
    with cross_workspace("demo"):
        for workspace in {desk.workspace for desk in found}:  # keys can't be made in the middle of a copy
            crypto.encrypt("", workspace_id=workspace, aad="")
        messages, deliveries = ids(Message, count), ids(Delivery, count)
        with transaction.atomic():
            _copy(Message, _MESSAGE, _message_rows(found, each, messages, now))
            paid = _pay(found, each, now)
            rows = _delivery_rows(found, each, messages, deliveries, now, (state, lane, priority), paid)
            _copy(Delivery, _DELIVERY, rows)
    analyze("messaging_message", "messaging_delivery")
    return list(deliveries)


_MESSAGE = (
    "id uid workspace_id account_id conversation_id direction author_kind author_id approved_by_id approved_at"
    " text text_digest price_minor currency is_locked_text media_ids created_at"
)
_DELIVERY = (
    "id uid workspace_id account_id fan_id message_id state lane priority available_at queued_at promised_at"
    " trace_id reservation_id credit_state"
)


def _message_rows(found: Sequence[Desk], each: int, keys: range, now: datetime) -> Iterator[tuple[Any, ...]]:
    media = json.dumps([])
    pks = iter(keys)
    for desk in found:
        for number, pk in enumerate(islice(pks, each)):
            uid, body = uuid7(), text(desk.account, pk)
            place = f"messaging_message:text:{uid}"
            stored = crypto.encrypt(body, workspace_id=desk.workspace, aad=place)
            talk = desk.conversations[number % len(desk.conversations)]
            yield (
                pk, uid, desk.workspace, desk.account, talk, "out", "api", desk.member, desk.member,
                now, stored, text_digest(body), 0, "USD", False, media, now,
            )  # fmt: skip


def _delivery_rows(
    found: Sequence[Desk],
    each: int,
    messages: range,
    keys: range,
    now: datetime,
    kind: tuple[str, str, int],
    paid: dict[int, int],
) -> Iterator[tuple[Any, ...]]:
    pairs = zip(keys, messages, strict=True)
    for desk in found:
        for number, (pk, message) in enumerate(islice(pairs, each)):
            fan = desk.fans[number % len(desk.fans)]
            yield (
                pk, uuid7(), desk.workspace, desk.account, fan, message, *kind, now, now,
                now, f"bench-{pk}", paid[desk.workspace], "reserved",
            )  # fmt: skip


def _pay(found: Sequence[Desk], each: int, now: datetime) -> dict[int, int]:
    """Credits for all of it, as a campaign sets them aside: one reservation a workspace, by its key."""
    desks_of = Counter(desk.workspace for desk in found)
    return {
        workspace: reservations.reserve(
            workspace_id=workspace,
            unit=Unit.MESSAGE,
            quantity=count * each,
            ref=Ref("bench", str(uuid7())),
            now=now,
        ).id
        for workspace, count in desks_of.items()
    }


def _copy(model: Any, names: str, rows: Iterator[tuple[Any, ...]]) -> None:
    """COPY these columns; the others of the table get the model's defaults."""
    given = names.split()
    rest = defaults(model, given)
    tail = tuple(rest.values())
    columns = ", ".join([*given, *rest])
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {model._meta.db_table} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row + tail)


def defaults(model: Any, given: Sequence[str]) -> dict[str, Any]:
    """The model's defaults for the columns that are not given."""
    rest = (field for field in model._meta.concrete_fields if field.column not in given)
    return {field.column: field.get_default() for field in rest if not field.has_db_default()}


def ids(model: Any, count: int) -> range:
    """A block of keys of the table's own sequence."""
    with connection.cursor() as cursor:
        sequence = f"pg_get_serial_sequence('{model._meta.db_table}', 'id')"
        cursor.execute(f"SELECT setval({sequence}, nextval({sequence}) + {count} - 1)")
        last = int(cursor.fetchone()[0])
    return range(last - count + 1, last + 1)


def analyze(*tables: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}")


@contextmanager
def unchecked() -> Iterator[None]:
    """For statements that take their keys from rows that stand: no trigger looks each of them up again.

    Indexes, unique and check constraints hold as always. A million rows of nine keys are else mostly looking up.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            yield
        finally:
            cursor.execute("RESET session_replication_role")


def fan_ids(found: Sequence[Desk]) -> list[str]:
    """Public ids of all their fans."""
    with cross_workspace("demo"):
        wanted = Fan.objects.filter(account_id__in=[desk.account for desk in found])
        return [fan.public_id for fan in wanted.only("uid", "account_id", "workspace_id")]
