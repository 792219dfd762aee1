"""Take away the second factors of somebody who lost them all. They are told by mail; every session of theirs ends."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.services.factors import forget_all
from huntaze.kernel import clock


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError("nobody has this address")
        count = forget_all(user=user, now=clock.now())
        self.stdout.write(f"{count} factors taken away")
