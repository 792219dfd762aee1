"""End every session of one person, or of everybody, with their next request: after a theft or a break-in."""

from argparse import ArgumentParser
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import User
from accounts.services.signin import sign_out_everywhere
from accounts.services.tokens import end_for_all
from huntaze.kernel import clock

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("email", nargs="?")
        whose.add_argument("--everybody", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["everybody"]:
            with transaction.atomic():
                count = end_for_all(now=clock.now())
            log.warning("accounts.sessions.ended_for_all", people=count)
            self.stdout.write(f"{count} people are signed out")
            return
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError("nobody has this address")
        sign_out_everywhere(user=user, now=clock.now())
        self.stdout.write("signed out")
