"""How PostgreSQL executes what a call asks: the plan of each statement, run once."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection


def read(call: Callable[[], Any]) -> dict[str, Any]:
    """Indexes used, and the statements that scan a whole table of messaging, over all of the call's SELECTs."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
        asked.append((sql, values))
        return execute(sql, values, many, context)

    with connection.execute_wrapper(note):
        call()
    indexes: set[str] = set()
    scans: set[str] = set()
    for sql, values in asked:
        for node in _nodes(_plan(sql, values)):
            if "Index Name" in node:
                indexes.add(node["Index Name"])
            if node["Node Type"] == "Seq Scan" and node["Relation Name"].startswith("messaging_"):
                scans.add(" ".join(sql.split())[:160])
    return {"statements": len(asked), "indexes": sorted(indexes), "whole_table_scans": sorted(scans)}


def _plan(sql: str, values: Any) -> dict[str, Any]:
    if not sql.lstrip().upper().startswith(("SELECT", "WITH")):
        return {"Node Type": "none"}
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", values)
        found = cursor.fetchone()[0]
    plan: dict[str, Any] = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
