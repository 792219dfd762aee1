"""The credits ledger: double entry, append-only. See docs/adr/0008-credits-ledger.md.

The database holds what must be true of it (migration `0002_ledger_invariants`): entries are only ever added, the
entries of a transaction sum to 0 and belong to one workspace and unit, and balances of accounts and grants are moved
by entries and by nothing else.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing.querysets import ReservationQuerySet
from billing.types import AccountKind, GrantSource, TransactionKind, Unit
from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.tenancy import WorkspaceManager, WorkspaceModel

UNITS = [(unit.value, unit.value) for unit in Unit]
_BELOW_ZERO = [AccountKind.ISSUED.value, AccountKind.DEBT.value]


class LedgerAccount(WorkspaceModel):
    """One side of a workspace's credits of a unit; who moves credits locks all of them, in the order of their keys."""

    unit = models.CharField(max_length=13, choices=UNITS)
    kind = models.CharField(max_length=9, choices=[(kind.value, kind.value) for kind in AccountKind])
    balance = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "unit", "kind"], name="ledger_account_once"),
            models.CheckConstraint(
                condition=Q(kind__in=_BELOW_ZERO, balance__lte=0)
                | (~Q(kind__in=_BELOW_ZERO) & Q(balance__gte=0)),
                name="ledger_account_sign",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id}:{self.unit}:{self.kind}"


class LedgerTransaction(PublicIdModel, WorkspaceModel):
    """One deed: `idempotency_key` makes it happen once, `ref_type` and `ref_id` name what it was for."""

    PREFIX = "ltx"
    workspace = models.ForeignKey(settings.WORKSPACE_MODEL, models.PROTECT, db_index=False, related_name="+")
    unit = models.CharField(max_length=13, choices=UNITS)
    kind = models.CharField(max_length=7, choices=[(kind.value, kind.value) for kind in TransactionKind])
    idempotency_key = models.CharField(max_length=200)
    ref_type = models.CharField(max_length=20)
    ref_id = models.CharField(max_length=100)
    actor_kind = models.CharField(max_length=10)
    actor_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    note = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "idempotency_key"], name="ledger_transaction_once")
        ]
        indexes = [models.Index("workspace", "unit", F("id").desc(), name="ledger_transaction_history")]


class Grant(PublicIdModel, WorkspaceModel):
    """Credits that were given, and what is left of them: `remaining` to spend, `reserved` for what is under way.

    `clawed_back` of them were asked back. A plan's grant is for one period, from `period_start` to `expires_at`. A
    frozen one is not spent.
    """

    PREFIX = "grt"
    workspace = models.ForeignKey(settings.WORKSPACE_MODEL, models.PROTECT, db_index=False, related_name="+")
    unit = models.CharField(max_length=13, choices=UNITS)
    source = models.CharField(max_length=6, choices=[(source.value, source.value) for source in GrantSource])
    ref = models.CharField(max_length=100, blank=True, default="")
    priority = models.PositiveSmallIntegerField()
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    clawed_back = models.BigIntegerField(default=0)
    period_start = models.DateTimeField(null=True, blank=True)
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    frozen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="grant_of_something"),
            models.CheckConstraint(
                condition=Q(remaining__gte=0, reserved__gte=0)
                & Q(amount__gte=F("remaining") + F("reserved")),
                name="grant_spent_once",
            ),
            models.CheckConstraint(
                condition=Q(clawed_back__gte=0, clawed_back__lte=F("amount")), name="grant_clawed_back_once"
            ),
        ]
        indexes = [
            models.Index(
                "workspace",
                "unit",
                "priority",
                "expires_at",
                "id",
                condition=Q(remaining__gt=0),
                name="grant_to_spend",
            ),
            models.Index("expires_at", condition=Q(remaining__gt=0), name="grant_to_expire"),
            models.Index("workspace", "unit", F("id").desc(), name="grant_history"),
            models.Index("ref", condition=~Q(ref=""), name="grant_by_ref"),
        ]


class Reservation(PublicIdModel, WorkspaceModel):
    """Credits set aside for something under way, named by `ref_type` and `ref_id`; without `expires_at` it lasts until
    that is over."""

    PREFIX = "rsv"
    workspace = models.ForeignKey(settings.WORKSPACE_MODEL, models.PROTECT, db_index=False, related_name="+")
    unit = models.CharField(max_length=13, choices=UNITS)
    ref_type = models.CharField(max_length=20)
    ref_id = models.CharField(max_length=100)
    amount = models.BigIntegerField()
    settled = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)
    reserved_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = WorkspaceManager.from_queryset(ReservationQuerySet)()  # type: ignore[misc]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "unit", "ref_type", "ref_id"], name="reservation_once"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, settled__gte=0, released__gte=0)
                & Q(amount__gte=F("settled") + F("released")),
                name="reservation_ended_once",
            ),
        ]
        indexes = [
            models.Index(
                "expires_at",
                condition=Q(expires_at__isnull=False) & Q(amount__gt=F("settled") + F("released")),
                name="reservation_to_expire",
            ),
            models.Index(
                "workspace",
                "reserved_at",
                condition=Q(amount__gt=F("settled") + F("released")),
                name="reservation_open",
            ),
        ]


class ReservationPart(WorkspaceModel):
    """What a reservation took from one grant."""

    workspace = models.ForeignKey(settings.WORKSPACE_MODEL, models.PROTECT, db_index=False, related_name="+")
    reservation = models.ForeignKey(Reservation, models.PROTECT, db_index=False, related_name="parts")
    grant = models.ForeignKey(Grant, models.PROTECT, db_index=False, related_name="+")
    amount = models.BigIntegerField()
    settled = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reservation", "grant"], name="reservation_part_once"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, settled__gte=0, released__gte=0)
                & Q(amount__gte=F("settled") + F("released")),
                name="reservation_part_ended_once",
            ),
        ]


class LedgerEntry(WorkspaceModel):
    """One leg of a transaction. Legs on `available`, `reserved` and `refunded` name the grant that they move."""

    workspace = models.ForeignKey(settings.WORKSPACE_MODEL, models.PROTECT, db_index=False, related_name="+")
    transaction = models.ForeignKey(LedgerTransaction, models.PROTECT, related_name="entries")
    account = models.ForeignKey(LedgerAccount, models.PROTECT, db_index=False, related_name="+")
    grant = models.ForeignKey(Grant, models.PROTECT, null=True, db_index=False, related_name="+")
    amount = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="ledger_entry_of_something")]
