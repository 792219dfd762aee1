"""Message catalogues: `update` them from the sources, `compile` them, or `check` that nothing is missing.

`check` exits with 1 and lists what is missing, guessed or left over. GNU gettext is not needed.
"""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from huntaze.kernel import i18n


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["update", "compile", "check"])

    def handle(self, *args: Any, **options: Any) -> None:
        root = settings.BASE_DIR
        for locale in (code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE):
            if options["action"] == "compile":
                was = "compiled" if i18n.compile_catalogue(root, locale) else "up to date"
                self.stdout.write(f"{locale}: {was}")
                continue
            found = i18n.update(root, locale) if options["action"] == "update" else i18n.check(root, locale)
            self._report(locale, found)
            if options["action"] == "check" and found:
                raise CommandError(f"{locale}: the catalogue is not complete", returncode=1)

    def _report(self, locale: str, found: i18n.Findings) -> None:
        for kind in ("missing", "fuzzy", "obsolete"):
            for text in getattr(found, kind):
                self.stdout.write(f"{locale}: {kind}: {text}")
        if not found:
            self.stdout.write(f"{locale}: complete")
