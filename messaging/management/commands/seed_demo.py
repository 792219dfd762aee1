"""Make the demo workspace on the sandbox's accounts, and write how to sign in to a file that only you can read."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from huntaze.kernel import clock
from huntaze.platforms.errors import PlatformError
from messaging.services.demo import NothingToShow, seed_demo


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--out", type=Path, required=True, help="where to write addresses and sign-in data (JSON)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo is made only where DEMO=1 is set.")
        out: Path = options["out"]
        known = json.loads(out.read_text()) if out.exists() else {}
        try:
            demo = seed_demo(known=known, now=clock.now())
        except PlatformError as error:
            raise CommandError(f"The sandbox could not be asked: {error.code}") from error
        except NothingToShow as error:
            raise CommandError("The sandbox has no account to show.") from error
        sandbox = settings.ONLYFANSAPI_BASE_URL.rsplit("/onlyfansapi", 1)[0]
        _write_private(out, {"baseUrl": settings.BASE_URL, "sandboxUrl": sandbox} | demo)
        self.stdout.write(f"Demo workspace ready; see {out}")


def _write_private(path: Path, data: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(data, file, indent=2)
    os.chmod(draft, 0o600)
    draft.replace(path)
