"""The ways round the wall that no exception can catch: each may stand only where it is listed, with its reason."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

APPS = ("accounts", "billing", "huntaze", "messaging")
WALL = "huntaze/kernel/tenancy.py"

#: Why the wall is lifted, and in which file. Nothing else may.
LIFTED = {
    ("accounts/auth.py", "authentication"),
    ("accounts/middleware.py", "authentication"),
    ("accounts/middleware.py", "session"),
    ("accounts/selectors/api_keys.py", "key check"),
    ("accounts/selectors/people.py", "session"),
    ("accounts/selectors/workspaces.py", "own places"),
    ("accounts/selectors/impersonation.py", "visit"),
    ("accounts/streams.py", "session"),
    ("accounts/services/audit_chain.py", "audit chain"),
    ("accounts/services/audit_nightly.py", "audit chain"),
    ("accounts/services/audit_retention.py", "retention"),
    ("accounts/services/impersonation.py", "visit"),
    ("accounts/services/invitations.py", "invitation"),
    ("accounts/services/key_rotation.py", "keys"),
    ("accounts/services/connections/follow.py", "connections"),
    ("accounts/services/connections/leave.py", "connections"),
    ("accounts/services/connections/oauth/renew.py", "connections"),
    ("accounts/services/notes.py", "sign-in"),
    ("accounts/services/places.py", "own places"),
    ("accounts/services/privacy/downloads.py", "privacy"),
    ("accounts/services/privacy/holds.py", "privacy"),
    ("accounts/services/privacy/registry.py", "privacy"),
    ("accounts/services/privacy/requests.py", "privacy"),
    ("accounts/services/privacy/work.py", "privacy"),
    ("accounts/services/retention/registry.py", "retention"),
    ("accounts/services/signin.py", "refresh"),
    ("accounts/services/webhooks/deliver.py", "webhooks"),
    ("messaging/management/commands/demo_workspace.py", "own demo"),
    ("messaging/services/demos/asking.py", "own demo"),
    ("messaging/services/demos/work.py", "demos"),
    ("accounts/services/signin.py", "sign-in"),
    ("billing/services/access.py", "access"),
    ("billing/services/counters.py", "counters"),
    ("billing/services/ledger/upkeep.py", "credits"),
    ("billing/services/stripe/closing.py", "closed workspaces"),
    ("billing/services/stripe/reconcile.py", "reconcile"),
    ("billing/services/stripe/work.py", "process Stripe events"),
    ("huntaze/kernel/admin.py", "admin"),
    ("messaging/services/campaigns/tend.py", "campaigns"),
    ("messaging/services/campaigns/unsend.py", "unsend"),
    ("messaging/services/credits.py", "credits"),
    ("messaging/services/dead_letter_runs.py", "dead letters"),
    ("messaging/services/demo.py", "demo"),
    ("messaging/services/inbound.py", "apply webhooks"),
    ("messaging/services/limits.py", "rebuild limiter"),
    ("messaging/services/measure.py", "measure queues"),
    ("messaging/services/retention.py", "retention"),
    ("messaging/services/scheduler.py", "delivery scheduler"),
    ("messaging/services/sending/pump.py", "send engine"),
    ("messaging/services/sync.py", "first sync"),
    ("messaging/services/uncertain.py", "resolve uncertain"),
}

#: Files with SQL of their own, and what keeps it inside one workspace.
RAW_SQL = {
    "accounts/selectors/factors.py": "joined to the membership that is read",
    "accounts/sessions.py": "a browser's session by its digest: no table of a workspace",
    "accounts/selectors/holders.py": "the key that is shown is the parameter: it says which workspace is meant",
    "accounts/selectors/principals.py": "a member who was found before, or the scope's workspace, is a parameter",
    "accounts/services/audit.py": "refuses a row of another workspace than the scope's",
    "accounts/services/audit_chain.py": "numbers of transactions, no row of a member's",
    "accounts/services/audit_retention.py": "a word for the trigger",
    "accounts/services/idempotency.py": "the caller's workspace and membership are parameters",
    "billing/services/counters.py": "counters whose keys name their workspace; the job writes down all that changed",
    "billing/services/ledger/book.py": "refuses a book of another workspace than the scope's; that one is a parameter",
    "billing/services/ledger/reservations.py": "the workspace of a book that was opened in scope is a parameter",
    "billing/services/stripe/inbox.py": "the system's own queue of events, which have no workspace yet",
    "huntaze/kernel/admin.py": "counts querysets that were made with the wall lifted for the staff's pages",
    "huntaze/kernel/clock.py": "asks what time it is",
    "huntaze/kernel/database_role.py": "rights on tables, no rows",
    "huntaze/kernel/health.py": "asks whether the database is there",
    "huntaze/kernel/reseal.py": "rows by keys that were read through the wall, or with it lifted by its caller",
    "huntaze/kernel/sql.py": "runs the statements of the others",
    "huntaze/kernel/system.py": "figures of the database as a whole",
    "messaging/selectors/campaign_pace.py": "the campaign was read in scope",
    "messaging/selectors/dashboard.py": "accounts that were found in scope are a parameter",
    "messaging/selectors/credits.py": "the system's own sweep, by reservations that were read before",
    "messaging/selectors/deliveries.py": "accounts that were found in scope are a parameter",
    "messaging/selectors/holds.py": "accounts that were fetched in scope are a parameter",
    "messaging/selectors/desk.py": "accounts that were read for the staff's page are a parameter",
    "messaging/selectors/queue_page.py": "accounts that were fetched in scope are a parameter",
    "messaging/selectors/recipients.py": "the scope's workspace is a parameter",
    "messaging/selectors/slots.py": "accounts that were found in scope are a parameter",
    "messaging/services/campaigns/estimate.py": "gives the statements of the ORM their seconds; has none of its own",
    "messaging/services/campaigns/expand.py": "the campaign, or the queryset that it is built from, was read in scope",
    "messaging/services/campaigns/rows.py": "the campaign was fetched and locked in scope",
    "messaging/services/campaigns/texts.py": "deliveries that the engine has claimed are a parameter",
    "messaging/services/demos/build.py": "renews the statistics of whole tables",
    "messaging/services/credits.py": "deliveries of the caller's transaction, or one workspace's notes",
    "messaging/services/send.py": "refuses a row of another workspace than the scope's",
    "messaging/services/sending/claims.py": "the system's own loop over every workspace, by granted accounts",
    "messaging/services/sending/outgoing.py": "deliveries that the engine has claimed are a parameter",
    "messaging/services/sending/settle.py": "deliveries that the engine has claimed are a parameter",
    "messaging/services/sending/upkeep.py": "the system's own loop over every workspace",
    "messaging/services/sync.py": "renews the statistics of whole tables",
}
_SQL_CALLS = {"raw", "extra", "execute", "executemany", "cursor", "RawSQL"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for app in APPS:
        for path in sorted(Path(settings.BASE_DIR, app).rglob("*.py")):
            name = path.relative_to(settings.BASE_DIR).as_posix()
            if "/migrations/" not in name and name != WALL:
                yield name, ast.parse(path.read_text())


def called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_the_wall_is_lifted_only_where_and_why_it_is_listed() -> None:
    found = set()
    for name, tree in sources():
        for node in ast.walk(tree):
            if called(node) == "cross_workspace":
                assert isinstance(node, ast.Call)
                reason = node.args[0]
                assert isinstance(reason, ast.Constant), f"{name}:{node.lineno}: the reason is written out"
                found.add((name, str(reason.value)))
    assert found == LIFTED


def test_nobody_takes_a_manager_that_knows_no_wall() -> None:
    wrong = [
        f"{name}:{node.lineno}"
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"_base_manager", "objects_unscoped"}
    ]
    assert wrong == []


def test_sql_stands_only_where_it_is_listed() -> None:
    found = {
        name
        for name, tree in sources()
        for node in ast.walk(tree)
        if (called(node) in _SQL_CALLS or _is_of_the_kernel(node)) and not _is_of_redis(node)
    }
    assert found == set(RAW_SQL)


def test_no_statement_takes_its_rows_by_a_plan() -> None:
    """The planner may run the inner selection of `IN (…)` for each row, and each run locks as many again: what is to
    be taken is picked once, into an array."""
    forbidden = re.compile(r"\bIN\s*\(\s*SELECT(?:[^()]|\([^()]*\))*SKIP\s+LOCKED", re.IGNORECASE)
    assert forbidden.search("WHERE id IN (SELECT id FROM t WHERE a IN (1) FOR UPDATE SKIP LOCKED)")
    found = [
        f"{name}:{node.lineno}"
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and forbidden.search(node.value)
    ]
    assert found == []


def _is_of_the_kernel(node: ast.AST) -> bool:
    """`sql.row(…)` and its like of `huntaze.kernel.sql`."""
    function = getattr(node, "func", None)
    return isinstance(function, ast.Attribute) and getattr(function.value, "id", "") == "sql"


def _is_of_redis(node: ast.AST) -> bool:
    """A pipeline of Redis is executed too; it takes no statement."""
    assert isinstance(node, ast.Call)
    return called(node) == "execute" and not node.args


def test_no_app_brings_another_wall() -> None:
    """One key, one context variable: a library with a scope of its own would be a second truth."""
    pattern = re.compile(r"^\s*(from|import) django_scopes", re.MULTILINE)
    wrong = [
        path.as_posix()
        for app in APPS
        for path in Path(settings.BASE_DIR, app).rglob("*.py")
        if pattern.search(path.read_text())
    ]
    assert wrong == []
