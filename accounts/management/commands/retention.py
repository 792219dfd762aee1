"""Forget now what the rules say, or count what they would forget."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.services.retention import registry, run
from huntaze.kernel import clock


class Command(BaseCommand):
    help = "Deletes or empties everything whose time is over. With --dry-run it only says how much that is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rules", nargs="*", help="Names of rules; all of them without one.")
        parser.add_argument("--dry-run", action="store_true", help="Change nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        for rule in registry.rules():
            if options["rules"] and rule.name not in options["rules"]:
                continue
            count = rule.waiting(now) if options["dry_run"] else run.forget(rule.name, now=now)
            self.stdout.write(f"{rule.name}: {count}")
