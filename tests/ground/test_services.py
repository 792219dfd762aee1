"""The real servers in a folder only its owner may enter: started, killed, started again, nothing lost."""

import os
import signal
import stat
import subprocess
from pathlib import Path

import psycopg
import pytest
import redis
from ground import proc, runas, services
from ground.messages import Problem
from ground.place import Place
from ground.supervisor import Supervisor


def kill(runner: Supervisor, name: str) -> None:
    """Ends a server the hard way and forgets it, as after a crash of the machine."""
    who = runner.state.entries[name].identity
    proc.send(who, signal.SIGKILL)
    runner.children.pop(name).popen.wait()


def test_postgres_keeps_what_was_committed_before_a_kill(
    runner: Supervisor, postgres: services.postgres.Postgres
) -> None:
    services.start(runner, postgres)
    with psycopg.connect(postgres.url(), autocommit=True) as link:
        link.execute("create table kept (n int)")
        link.execute("insert into kept values (42)")
    kill(runner, "postgres")
    services.start(runner, postgres)
    with psycopg.connect(postgres.url()) as link:
        assert link.execute("select n from kept").fetchall() == [(42,)]


def test_postgres_starts_although_its_lock_names_a_live_stranger(
    runner: Supervisor, postgres: services.postgres.Postgres
) -> None:
    services.start(runner, postgres)
    lock = postgres.data / "postmaster.pid"
    content = lock.read_text().split("\n")
    kill(runner, "postgres")
    with subprocess.Popen(["sleep", "60"]) as stranger:
        lock.write_text("\n".join([str(stranger.pid), *content[1:]]))
        services.start(runner, postgres)
        assert stranger.poll() is None
        stranger.kill()
    assert postgres.is_ready()


def test_postgres_of_a_killed_run_is_ended_before_it_starts_again(
    runner: Supervisor, postgres: services.postgres.Postgres
) -> None:
    services.start(runner, postgres)
    orphan = runner.state.entries["postgres"].identity
    postgres.prepare()
    runner.children["postgres"].popen.wait(10)
    assert not proc.is_alive(orphan)


def test_an_initialisation_that_was_interrupted_is_done_again(
    runner: Supervisor, postgres: services.postgres.Postgres
) -> None:
    postgres.home.mkdir()
    (postgres.home / "data.new").mkdir()
    (postgres.home / "data.new" / "PG_VERSION").write_text("18\n")
    (postgres.home / "password").write_text("of the first try")
    services.start(runner, postgres)
    assert postgres.is_ready()


def test_postgres_takes_no_connection_without_its_password(
    runner: Supervisor, postgres: services.postgres.Postgres
) -> None:
    services.start(runner, postgres)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host="127.0.0.1", port=postgres.port, user="huntaze", dbname="huntaze", password="guess"
        )
    assert stat.S_IMODE((postgres.home / "password").stat().st_mode) == 0o600


def test_the_application_has_a_role_that_owns_nothing_and_a_new_password_each_time(
    runner: Supervisor, postgres: services.postgres.Postgres
) -> None:
    services.start(runner, postgres)
    first, second = postgres.application_url(), postgres.application_url()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(first)
    with psycopg.connect(second) as link:
        asked = link.execute(
            "select current_user, rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication,"
            " (select count(*) from pg_shdepend where refobjid = r.oid and deptype = 'o')"
            " from pg_roles r where rolname = current_user"
        )
        assert asked.fetchall() == [("huntaze_app", False, 0)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            link.execute("create table mine (n int)")


def test_valkey_keeps_its_data_and_its_password_over_a_kill(runner: Supervisor, place: Place) -> None:
    valkey = services.store(place, place.var, is_durable=True)
    services.start(runner, valkey)
    redis.Redis.from_url(valkey.url()).set("kept", "yes")
    kill(runner, "valkey")
    again = services.store(place, place.var, is_durable=True)
    services.start(runner, again)
    assert redis.Redis.from_url(again.url()).get("kept") == b"yes"


def test_valkey_answers_nobody_without_the_password(runner: Supervisor, place: Place) -> None:
    valkey = services.store(place, place.var, is_durable=False)
    services.start(runner, valkey)
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=valkey.port).ping()


def test_the_application_can_not_administer_valkey(runner: Supervisor, place: Place) -> None:
    valkey = services.store(place, place.var, is_durable=False, is_narrow=True)
    services.start(runner, valkey)
    client = redis.Redis.from_url(valkey.url())
    assert client.set("kept", "yes")
    for words in ("FLUSHALL", "CONFIG GET requirepass", "SHUTDOWN NOSAVE", "ACL LIST", "KEYS *", "MONITOR"):
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.execute_command(words)
    assert client.get("kept") == b"yes"


def test_the_servers_do_not_run_as_root(runner: Supervisor, postgres: services.postgres.Postgres) -> None:
    services.start(runner, postgres)
    uid = os.stat(f"/proc/{runner.state.entries['postgres'].pid}").st_uid
    assert uid != 0
    assert postgres.data.stat().st_uid == uid


def test_a_named_server_of_the_person_is_not_ours_to_run() -> None:
    assert services.is_ours("DATABASE_URL", {"DATABASE_URL": ""})
    assert not services.is_ours("DATABASE_URL", {"DATABASE_URL": "postgres://elsewhere/db"})
    assert not services.is_ours("DATABASE_URL", {"DATABASE_URL_FILE": "/run/secrets/database"})


def test_no_switch_of_user_leaves_the_command_as_it_is() -> None:
    assert runas.Account().wrap(["postgres", "-D", "x"]) == ["postgres", "-D", "x"]


def test_a_capability_is_the_only_one_that_is_handed_on() -> None:
    words = runas.Account(65534, 65534, "dac_read_search").wrap(["postgres"])
    assert "--bounding-set=-all,+dac_read_search" in words
    assert "--reuid=65534" in words
    assert words[-1] == "postgres"


def test_a_machine_without_the_programs_is_told_what_to_set(tmp_path: Path) -> None:
    bare = Place(tmp_path)
    with pytest.raises(Problem, match="set DATABASE_URL and REDIS_URL to running servers"):
        services.database(bare, bare.var, {})
