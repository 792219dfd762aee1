"""One run of all processes, from the first step to the last stop."""

import os
import secrets
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ground import (
    envfile,
    environment,
    greeting,
    health,
    manage,
    ports,
    postgres,
    proc,
    procfile,
    services,
    static,
    supervisor,
    wiring,
)
from ground.messages import Problem, Progress, emit, tell
from ground.place import Place
from ground.state import State

_LAST = "web"  # started when its static files are there
_NOT_STARTED = ("release", _LAST)
_RUNNING_BYTES = 300_000_000
_PATIENCE = 90.0


class Run:
    """Owns the supervisor and the state file between bin/up and bin/down."""

    def __init__(self, place: Place, progress: Progress, port: int, sandbox_port: int) -> None:
        self.place = place
        self.progress = progress
        self.base = f"http://127.0.0.1:{port}"
        path = place.run / "state.json"
        self.last_ports = State.load(path).ports
        self.state = State(path, token=secrets.token_hex(8), supervisor=proc.identify(os.getpid()))
        events_port = ports.pick_free(self.last_ports.get("events", 8001))
        self.state.ports = {"web": port, "sandbox": sandbox_port, "events": events_port}
        self.supervisor = supervisor.Supervisor(
            self.state, place.root, place.log, supervisor.new_environment()
        )
        self.is_demo = False
        self.migrating: dict[
            str, str
        ] = {}  # what only the migrations are told: they run as the tables' owner

    def serve(self, let_go: Callable[[], None] | None) -> int:
        """Brings everything up, then watches until told to stop; returns the exit code."""
        supervisor.raise_on_signals()
        code = 0
        try:
            self.state.save()
            self.place.keep_last_logs()
            self._prepare()
            self._start_all()
            self._wait_until_well()
            self.state.phase = "running"
            self.state.save()
            emit(greeting.text(self.place, self.state))
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

    def _prepare(self) -> None:
        """Packages, settings, PostgreSQL and Valkey: all that the product takes for granted."""
        place = self.place
        environment.ensure(place, self.progress, dev=False)
        environment.require_disk(place.root, _RUNNING_BYTES)
        port, sandbox_port = self.state.ports["web"], self.state.ports["sandbox"]
        wanted = envfile.defaults(port, sandbox_port)
        if not wiring.uses_sandbox(envfile.read(place.env_file) | dict(os.environ)):
            # Who works with the real platform gets no shop whose money is play money.
            wanted = {name: make for name, make in wanted.items() if not name.startswith("STRIPE_")}
        if made := envfile.complete(place.env_file, wanted):
            self.progress.say(
                f"  note   wrote {len(made)} settings to .env (secrets are generated, mode 600)"
            )
        person = envfile.read(place.env_file) | dict(os.environ)
        self.is_demo = wiring.uses_sandbox(person)
        self.sells_at_sandbox = wiring.uses_sandbox_stripe(person)
        told = wiring.addresses(person, port, sandbox_port, self.state.ports["events"])
        told["BEAT_SCHEDULE"] = str(place.var / "beat-schedule")
        with self.progress.step("PostgreSQL and Valkey"):
            told |= self._start_services(person)
        wiring.write_exports(place.run / "env", told)
        wiring.empty_metrics(place)
        self.supervisor.environment = wiring.with_tools(place, supervisor.new_environment() | told)

    def _start_services(self, person: dict[str, str]) -> dict[str, str]:
        """Starts the servers the person has not named; returns their addresses."""
        place, last = self.place, self.last_ports
        ours: list[services.Service] = []
        database = None
        if services.is_ours("DATABASE_URL", person):
            database = services.database(place, place.var, {}, last.get("postgres"))
            ours.append(database)
        if services.is_ours("REDIS_URL", person):
            port = last.get("valkey")
            ours.append(services.store(place, place.var, is_durable=True, port=port, is_narrow=True))
        services.start(self.supervisor, *ours)
        self.state.ports |= {one.name: one.port for one in ours}
        told = {one.setting: one.url() for one in ours}
        if database:
            self.migrating = {database.setting: database.url(), "DATABASE_APP_ROLE": postgres.APPLICATION}
            told[database.setting] = database.application_url()
        return told

    def _start_all(self) -> None:
        """Starts every process as soon as what it needs is there; slow steps go side by side."""
        commands = procfile.read(self.place.root / "Procfile")
        if self.is_demo:
            self._launch(wiring.SANDBOX, wiring.SANDBOX_COMMAND)
        with ThreadPoolExecutor() as pool:
            pages = pool.submit(self._collect)
            with self.progress.step("database migrations"):
                told = dict(self.supervisor.environment, **self.migrating)
                manage.run(self.place, told, "migrate", "--noinput")
            for name, command in commands.items():
                if name not in _NOT_STARTED:
                    self._launch(name, command)
            demo = pool.submit(self._seed)
            pages.result()
            self._launch(_LAST, commands[_LAST])
            demo.result()

    def _wait_until_well(self) -> None:
        """Waits for every process, and tells the platform where our webhooks go."""
        with self.progress.step("web server"):
            ready = f"{self.base}/api/health/ready"
            self.supervisor.wait_until(lambda: health.is_up(ready), _LAST, _PATIENCE)
        with self.progress.step("workers"):
            self._wait_healthy()
        if self.is_demo:
            hook = f"{self.base}/api/webhooks/onlyfans"
            self._manage("webhook registration", "onlyfans_webhook", "--url", hook)

    def _collect(self) -> None:
        self._manage("translations", "messages", "compile")
        with self.progress.step("static files"):
            static.collect(self.place, self.supervisor.environment)

    def _seed(self) -> None:
        if not self.is_demo:
            return
        address = f"http://127.0.0.1:{self.state.ports['sandbox']}/_control/healthz"
        self.supervisor.wait_until(lambda: health.is_up(address), wiring.SANDBOX, _PATIENCE)
        self._manage("demo data", "seed_demo", "--out", "var/demo.json")
        if self.sells_at_sandbox:
            prices = [part for price in wiring.DEMO_PACKS for part in ("--pack", price)]
            self._manage("prices", "billing_catalogue", "push", *prices)

    def _wait_healthy(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while (word := health.overall(self.base)) not in ("healthy", "degraded"):
            self.supervisor.require_alive(*self.supervisor.children)
            if time.monotonic() > deadline:
                raise Problem(
                    f"The processes run, but {self.base}/api/health says {word or 'nothing'} "
                    f"after {_PATIENCE:.0f} s; the logs are in {self.place.log}."
                )
            time.sleep(0.25)

    def _manage(self, title: str, *arguments: str) -> None:
        with self.progress.step(title):
            manage.run(self.place, self.supervisor.environment, *arguments)

    def _launch(self, name: str, command: str) -> None:
        own = dict(self.supervisor.environment, **wiring.for_process(self.place, name))
        self.supervisor.start(name, supervisor.shell(command), own)

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
            emit("\nStopping (workers finish what they have in hand) ...")
        self.supervisor.stop()
