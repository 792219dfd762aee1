"""Make somebody staff, with these groups and no other; without any they are no staff any more."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.rules.staff import STAFF_GROUPS
from accounts.services.staff import set_groups
from huntaze.kernel import clock
from huntaze.kernel.errors import Invalid


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("groups", nargs="*", metavar="group", help=" ".join(STAFF_GROUPS))

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError("nobody has this address")
        try:
            set_groups(user=user, names=options["groups"], now=clock.now())
        except Invalid as error:
            raise CommandError(f"the groups are {', '.join(STAFF_GROUPS)}") from error
        self.stdout.write(", ".join(options["groups"]) or "no staff any more")
