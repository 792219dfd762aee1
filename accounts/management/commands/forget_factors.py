"""Take away the second factors of somebody who lost them all. They are told by mail; every session of theirs ends.

How it was made sure who asks (docs/security.md, "A lost second factor") is kept in the audit log.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.services.factors import forget_all
from huntaze.kernel import clock

LEAST, MOST = 15, 300


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "--evidence", required=True, help="how it was made sure who asks; 15 characters or more"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        evidence = " ".join(options["evidence"].split())
        if not LEAST <= len(evidence) <= MOST:
            raise CommandError(f"say in {LEAST} to {MOST} characters how it was made sure who asks")
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError("nobody has this address")
        count = forget_all(user=user, evidence=evidence, now=clock.now())
        self.stdout.write(f"{count} factors taken away")
