"""bin/up: from a bare clone to a running, signed-in-able Huntaze; a second run mends whatever is missing."""

import argparse
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ground import (
    detach,
    envfile,
    environment,
    health,
    manage,
    ports,
    proc,
    procfile,
    services,
    static,
    supervisor,
    wiring,
)
from ground.messages import Problem, Progress, emit, tell
from ground.place import Place
from ground.state import Lock, State

_NOT_STARTED = ("release",)  # done by the steps below
_RUNNING_BYTES = 300_000_000


def main(root: Path, arguments: list[str]) -> int:
    """Returns the exit code."""
    options = _options(arguments)
    place, progress = Place(root), Progress()
    place.make_folders()
    lock = Lock(place.run / "up.lock")
    if not lock.take():
        return _already(place)
    mended = State.load(place.run / "state.json")
    if supervisor.stop_run(mended):
        progress.say("  note   the last run was ended without bin/down; what it left behind has been stopped")
    ports.require_free(options.port, "the web server", "--port")
    ports.require_free(options.sandbox_port, "the sandbox", "--sandbox-port")
    let_go = detach.into_background() if options.detach else None
    return Run(place, progress, options.port, options.sandbox_port).serve(let_go)


class Run:
    """One run of all processes, from the first step to the last stop."""

    def __init__(self, place: Place, progress: Progress, port: int, sandbox_port: int) -> None:
        self.place = place
        self.progress = progress
        self.ports = {"web": port, "sandbox": sandbox_port}
        self.base = f"http://127.0.0.1:{port}"
        self.state = State(place.run / "state.json", token=secrets.token_hex(8))
        self.state.supervisor = proc.identify(os.getpid())
        self.state.ports = self.ports
        self.supervisor = supervisor.Supervisor(
            self.state, place.root, place.log, supervisor.new_environment()
        )

    def serve(self, let_go: Callable[[], None] | None) -> int:
        """Brings everything up, then watches until told to stop."""
        supervisor.raise_on_signals()
        code = 0
        try:
            self.state.save()
            self.place.keep_last_logs()
            self._bring_up()
            self.state.phase = "running"
            self.state.save()
            emit(sign_in_text(self.place, self.state))
            if let_go:
                let_go()
            self._watch(is_quiet=let_go is not None)
        except KeyboardInterrupt:
            code = 0 if self.state.phase == "running" else 130
        except (Problem, OSError) as error:
            code = 1
            if not tell(error):
                raise
        finally:
            self._stop()
        return code

    def _bring_up(self) -> None:
        place, step = self.place, self.progress.step
        environment.ensure(place, self.progress, dev=False)
        environment.require_disk(place.root, _RUNNING_BYTES)
        made = envfile.complete(place.env_file, envfile.defaults(self.ports["web"], self.ports["sandbox"]))
        if made:
            self.progress.say(
                f"  note   wrote {len(made)} settings to .env (secrets are generated, mode 600)"
            )
        person = envfile.read(place.env_file) | dict(os.environ)
        demo = wiring.uses_sandbox(person)
        told = wiring.addresses(person, self.ports["web"], self.ports["sandbox"])
        told["BEAT_SCHEDULE"] = str(place.var / "beat-schedule")
        with step("PostgreSQL and Valkey"):
            told |= self._start_services(person)
        wiring.write_exports(place.run / "env", told)
        wiring.empty_metrics(place)
        surroundings = wiring.with_tools(place, supervisor.new_environment() | told)
        self.supervisor.environment = surroundings
        commands = procfile.read(place.root / "Procfile")
        if demo:
            self._launch(wiring.SANDBOX, wiring.SANDBOX_COMMAND)
        with ThreadPoolExecutor() as pool:
            jobs = [
                pool.submit(self._timed, "database migrations", surroundings, "migrate", "--noinput"),
                pool.submit(self._static, surroundings),
            ]
            for job in jobs:
                job.result()
        for name, command in commands.items():
            if name not in _NOT_STARTED:
                self._launch(name, command)
        if demo:
            with step("sandbox"):
                url = f"http://127.0.0.1:{self.ports['sandbox']}/_control/healthz"
                self.supervisor.wait_until(lambda: health.is_up(url), wiring.SANDBOX, 60)
            self._timed("demo data", surroundings, "seed_demo", "--out", "var/demo.json")
        with step("web server"):
            self.supervisor.wait_until(lambda: health.is_up(f"{self.base}/api/health/ready"), "web", 90)
        with step("workers"):
            self._wait_healthy()
        if demo:
            hook = f"{self.base}/api/webhooks/onlyfans"
            self._timed("webhook registration", surroundings, "onlyfans_webhook", "--url", hook)

    def _start_services(self, person: dict[str, str]) -> dict[str, str]:
        """Starts the servers the person has not named; returns their addresses."""
        place, told = self.place, {}
        ours: list[services.Service] = []
        if services.is_ours("DATABASE_URL", person):
            ours.append(services.database(place, place.var, {}))
        if services.is_ours("REDIS_URL", person):
            ours.append(services.store(place, place.var, is_durable=True))
        services.start(self.supervisor, *ours)
        for one in ours:
            told[one.setting] = one.url()
            self.state.ports[one.name] = one.port
        return told

    def _static(self, surroundings: dict[str, str]) -> None:
        self._timed("translations", surroundings, "messages", "compile")
        with self.progress.step("static files"):
            static.collect(self.place, surroundings)

    def _timed(self, title: str, surroundings: dict[str, str], *arguments: str) -> None:
        with self.progress.step(title):
            manage.run(self.place, surroundings, *arguments)

    def _launch(self, name: str, command: str) -> None:
        self.supervisor.start(name, supervisor.shell(command), self._own(name), wiring.stop_signal(name))

    def _own(self, name: str) -> dict[str, str]:
        return dict(self.supervisor.environment, **wiring.for_process(self.place, name))

    def _wait_healthy(self) -> None:
        deadline = time.monotonic() + 90
        while (word := health.overall(self.base)) not in ("healthy", "degraded"):
            self.supervisor.require_alive(*self.supervisor.children)
            if time.monotonic() > deadline:
                raise Problem(
                    f"The processes run, but {self.base}/api/health says {word or 'nothing'} after 90 s."
                )
            time.sleep(0.25)

    def _watch(self, is_quiet: bool) -> None:
        with (self.place.log / "supervisor.log").open("a") as log:
            while True:
                for event in self.supervisor.tend():
                    line = f"{time.strftime('%H:%M:%S')} {event}"
                    print(line, file=log, flush=True)
                    if not is_quiet:
                        emit(f"  {line}")
                time.sleep(0.5)

    def _stop(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if self.supervisor.children and sys.stdout.isatty():
            emit("\nStopping (workers may take some seconds to hand back their work) ...")
        self.supervisor.stop()


def sign_in_text(place: Place, state: State) -> str:
    """The addresses, and who may sign in with which password."""
    base = f"http://127.0.0.1:{state.ports.get('web')}"
    lines = ["", f"Huntaze runs at {base}"]
    try:
        demo = json.loads((place.var / "demo.json").read_text())
    except (OSError, ValueError):
        demo = {}
    users = demo.get("users", {})
    if users:
        lines += ["", "  sign in as"]
        lines += [f"    {name:<8} {who['email']:<32} {who['password']}" for name, who in users.items()]
        lines += [f"  sandbox   http://127.0.0.1:{state.ports.get('sandbox')}"]
    lines += [
        f"  health    {base}/api/health",
        f"  logs      {place.log}",
        f"  by hand   . {place.run / 'env'} && {place.python} manage.py shell",
        "  stop      bin/down (Ctrl-C where bin/up runs in the foreground); the data stays",
    ]
    return "\n".join(lines)


def _already(place: Place) -> int:
    """What a second bin/up says while the first one runs."""
    state = State.load(place.run / "state.json")
    if state.phase == "running":
        print(sign_in_text(place, state).replace("Huntaze runs", "Huntaze already runs", 1))
        return 0
    raise Problem(
        "Another bin/up of this clone is starting or stopping; wait for it, or stop it with bin/down."
    )


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/up", description="Runs all of Huntaze on this machine.")
    parser.add_argument("--detach", action="store_true", help="return when it is healthy; bin/down stops it")
    parser.add_argument("--port", type=int, default=8000, help="of the web server (default 8000)")
    parser.add_argument("--sandbox-port", type=int, default=8099, help="of the sandbox (default 8099)")
    return parser.parse_args(arguments)
