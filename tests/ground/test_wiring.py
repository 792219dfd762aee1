"""What each process is told: the person's own settings win over what follows from the ports."""

import stat
from pathlib import Path

from ground import wiring
from ground.place import Place


def test_the_ports_of_this_run_are_told() -> None:
    assert wiring.addresses({}, 8001, 8100, 8002) == {
        "HOST": "127.0.0.1",
        "PORT": "8001",
        "SANDBOX_PORT": "8100",
        "EVENTS_PORT": "8002",
        "EVENTS_LOOPBACK_PORT": "8002",
        "BASE_URL": "http://127.0.0.1:8001",
        "CSRF_TRUSTED_ORIGINS": "http://127.0.0.1:8001,http://localhost:8001",
        "ONLYFANSAPI_BASE_URL": "http://127.0.0.1:8100/onlyfansapi",
    } | wiring._others({}, 8100)


def test_the_other_platforms_are_the_sandboxs_unless_somebody_set_one() -> None:
    told = wiring.addresses({"TIKTOK_CLIENT_KEY": "aw1234"}, 8001, 8100, 8002)
    assert told["INSTAGRAM_AUTH_URL"] == "http://127.0.0.1:8100/instagram/www"
    assert told["WHATSAPP_APP_ID"] == "whatsapp_sandbox"
    assert [name for name in told if name.startswith("TIKTOK")] == []


def test_a_real_domain_and_a_real_platform_stay() -> None:
    person = {
        "BASE_URL": "https://app.huntaze.example",
        "ONLYFANSAPI_BASE_URL": "https://app.onlyfansapi.com",
    }
    told = wiring.addresses(person, 8001, 8100, 8002)
    assert "BASE_URL" not in told
    assert "EVENTS_LOOPBACK_PORT" not in told
    assert "ONLYFANSAPI_BASE_URL" not in told
    assert "INSTAGRAM_AUTH_URL" not in told


def test_another_program_on_loopback_is_not_taken_for_the_sandbox() -> None:
    assert wiring.uses_sandbox({"ONLYFANSAPI_BASE_URL": "http://127.0.0.1:8099/onlyfansapi"})
    assert not wiring.uses_sandbox({"ONLYFANSAPI_BASE_URL": "http://127.0.0.1:9000/other"})


def test_every_process_writes_its_numbers_under_its_own_name_in_one_place(tmp_path: Path) -> None:
    web, beat = (wiring.for_process(Place(tmp_path), name) for name in ("web", "beat"))
    assert (web["HUNTAZE_PROCESS"], beat["HUNTAZE_PROCESS"]) == ("web", "beat")
    assert web["PROMETHEUS_MULTIPROC_DIR"] == beat["PROMETHEUS_MULTIPROC_DIR"]


def test_the_numbers_of_the_last_run_go(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.make_folders()
    wiring.empty_metrics(place)
    folder = Path(wiring.for_process(place, "web")["PROMETHEUS_MULTIPROC_DIR"])
    (folder / "counter_1.db").touch()
    wiring.empty_metrics(place)
    assert list(folder.iterdir()) == []


def test_the_web_server_does_not_wait_for_a_balancer_that_is_not_there(tmp_path: Path) -> None:
    assert wiring.for_process(Place(tmp_path), "web")["WEB_DRAIN_SECONDS"] == "0"
    assert "WEB_DRAIN_SECONDS" not in wiring.for_process(Place(tmp_path), "worker")


def test_the_exports_for_a_shell_are_private_and_quoted(tmp_path: Path) -> None:
    path = tmp_path / "env"
    wiring.write_exports(path, {"URL": "postgres://a:b c@h/d", "A": "1"})
    assert path.read_text() == "export A=1\nexport URL='postgres://a:b c@h/d'\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
