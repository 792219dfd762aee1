"""Every benchmark runs, small, on real processes, and says what it promises."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import send
from huntaze.kernel import redis
from tests.faults.house import ROOT, environment


def run(name: str, folder: Path, *options: str) -> Any:
    file = folder / f"{name}.json"
    command = [sys.executable, "-m", f"bench.{name}", "--smoke", "--json", str(file), *options]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-6000:]
    return json.loads(file.read_text())


@pytest.mark.usefixtures("transactional_db")
def test_send_measures_the_cap_single_messages_and_the_peers(tmp_path: Path) -> None:
    """All of its parts on one set of processes."""
    found = run("send", tmp_path)
    assert found["limit"] == "10 in 1 s"
    assert (found["violations"], found["lost"], found["duplicated"]) == (0, 0, 0)
    assert 1 <= found["max_in_window"] <= 10
    assert 0 < found["efficiency"] <= 1.2
    assert found["sends_per_second"] > 0
    assert {"senders", "worker", "beat", "postgres", "valkey", "sandbox", "all"} <= set(
        found["cpu_per_message"]
    )
    assert found["cores_used"] > 0
    assert set(found["idle_latency_ms"]) == {"p50", "p95"}
    assert found["ratio_beside_backlog"] > 0
    assert found["latency"]["backlog"] == 40
    assert set(found["sends_per_second_without_limit"]) == {"interactive", "http_client", "task_per_message"}
    assert "ratio_to_http_client" in found
    assert "ratio_to_task_per_message" in found


def test_send_may_measure_its_parts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["send", "--limit-off"])
    assert send.options().only == ["flood"]
    monkeypatch.setattr(sys, "argv", ["send", "--only", "capped", "--only", "latency"])
    assert send.options().only == ["capped", "latency"]


@pytest.mark.usefixtures("transactional_db")
def test_limiter_lets_no_more_arrive_than_allowed(tmp_path: Path) -> None:
    found = run("limiter", tmp_path)
    assert (found["max_in_window"], found["violations"]) == (10, 0)
    assert set(found["limiters"]) == {
        "two_phase_log",
        "fixed_window",
        "gcra_burst",
        "gcra_spaced",
        "one_phase_log",
    }
    assert found["limiters"]["gcra_burst"]["max_in_window"] > 10


@pytest.mark.usefixtures("transactional_db")
def test_enqueue_is_compared_with_a_bare_insert(tmp_path: Path) -> None:
    found = run("enqueue", tmp_path)
    assert found["wrong_answers"] == {}
    assert set(found["requests_per_second"]) == {"api", "api_with_idempotency_key"}
    assert set(found["latency_ms"]["api"]) == {"p50", "p95"}
    assert found["bare_inserts_per_second"] > 0
    assert found["ratio_to_bare_insert"] is not None


@pytest.mark.usefixtures("transactional_db")
def test_status_is_compared_between_few_rows_and_many(tmp_path: Path) -> None:
    found = run("status", tmp_path)
    assert (found["few"]["rows"], found["many"]["rows"]) == (100, 2000)
    assert found["ratio"] > 0
    assert found["ratio_http"] > 0
    assert found["many"]["http"]["wrong_answers"] == {}
    assert any(name.startswith("delivery_") for name in found["many"]["plans"]["indexes"])
    assert found["whole_table_scans"] == found["many"]["plans"]["whole_table_scans"]


@pytest.mark.usefixtures("transactional_db")
def test_campaign_queues_everybody_and_others_go_on(tmp_path: Path) -> None:
    found = run("campaign", tmp_path)
    assert found["recipients"] == 300
    assert len(found["queued_after_seconds"]) == 1
    assert set(found["beside_campaign_ms"]) == set(found["reply_in_own_campaign_ms"]) == {"p50", "p95"}
    assert found["ratio_beside_campaign"] > 0
    assert found["slot_every_ms"] == 100


@pytest.mark.usefixtures("transactional_db")
def test_export_puts_every_message_into_the_zip(tmp_path: Path) -> None:
    found = run("export", tmp_path)
    assert (found["messages"], found["messages_in_the_zip"]) == (300, 300)
    assert found["ready_after_s"] > 0


@pytest.mark.usefixtures("transactional_db")
def test_signin_compares_what_must_not_be_told_apart(tmp_path: Path) -> None:
    found = run("signin", tmp_path)
    assert set(found["sign_in"]["ms"]) == {"wrong_password", "unknown_mail", "inactive"}
    assert set(found["reset"]["ms"]) == {"known_mail", "unknown_mail"}
    assert found["sign_in"]["wrong_answers"] == found["reset"]["wrong_answers"] == {}
    assert found["sign_in"]["worst_ratio"] >= 1
    assert found["reset"]["worst_ratio"] >= 1


@pytest.mark.usefixtures("transactional_db")
def test_no_event_of_a_crowd_of_stripe_s_is_lost(tmp_path: Path) -> None:
    found = run("stripe_events", tmp_path)
    crowd = found["crowd"]
    assert (crowd["events"], crowd["lost"], crowd["customers_not_up_to_date"]) == (20, 0, 0)
    assert (crowd["wrong_answers"], found["alone"]["events"]) == ({}, 2)
    assert found["alone"]["effect_seconds"]["p95"] > 0


@pytest.mark.usefixtures("transactional_db")
def test_pages_are_timed_at_the_server_and_in_a_browser(tmp_path: Path) -> None:
    found = run("pages", tmp_path)
    assert set(found["browser"]) == {"dashboard"}
    assert found["browser"]["dashboard"]["lcp_ms"] > 0
    assert found["browser"]["dashboard"]["inp_ms"] > 0
    assert found["server"]["page dashboard"]["ratio"] > 0
    assert set(found["goals"]) == {"page_ms", "fragment_ms", "lcp_ms", "inp_ms", "cls"}


@pytest.mark.usefixtures("transactional_db")
def test_admin_asks_each_page_in_few_queries_with_few_rows_and_many(tmp_path: Path) -> None:
    found = run("admin", tmp_path)
    assert (found["messages"], found["fans"]) == (1500, 200)
    assert 1 <= found["most_queries"] <= 12
    assert found["pages"]["search.fan's name"]["ratio"] > 0


@pytest.mark.usefixtures("transactional_db")
def test_queues_says_which_peers_did_not_run(tmp_path: Path) -> None:
    found = run("queues", tmp_path, "--peers", "")
    assert found["not_run"] == ["bullmq", "post_office", "procrastinate"]
    assert found["enqueued_per_second"]["ours"] > 0
    assert found["processed_per_second"]["ours"] > 0


@pytest.mark.usefixtures("transactional_db")
def test_every_open_page_hears(tmp_path: Path) -> None:
    found = run("streams", tmp_path)
    assert (found["streams"], found["heard"], found["lost"]) == (20, 40, 0)
    assert found["memory_full_mb"] > 0


@pytest.mark.usefixtures("transactional_db")
def test_a_database_in_use_is_refused(tmp_path: Path) -> None:
    from tests.factories.accounts import PlatformAccountFactory

    PlatformAccountFactory()
    command = [sys.executable, "-m", "bench.limiter", "--smoke"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "This database is in use" in done.stderr
    assert redis.client().keys("send:*") == []
