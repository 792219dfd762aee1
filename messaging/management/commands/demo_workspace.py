"""Make the demo workspace of a person, here and now, or wipe it: the same as the buttons on the page `/demo`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Membership
from accounts.services.audit import Actor
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.services.demos import asking, work


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="whose demo")
        parser.add_argument("--wipe", action="store_true", help="take it away instead")
        parser.add_argument("--seed", type=int, default=asking.SEED, help="another seed makes another world")

    def handle(self, *args: Any, **options: Any) -> None:
        with cross_workspace("own demo"):
            rows = Membership.objects.living().filter(user__email=options["email"].lower())
            home = rows.filter(workspace__is_demo=False).select_related("workspace").order_by("pk").first()
        if home is None:
            raise CommandError("Nobody with this address is a member of a workspace.")
        demo = asking.demo_of(home.user_id)
        if options["wipe"]:
            if demo is None:
                raise CommandError("There is no demo to wipe.")
            asking.wipe(demo=demo, now=clock.now())
        elif demo is None:
            asking.make(
                user_pk=home.user_id,
                home_pk=home.workspace_id,
                actor=Actor.member(home.user_id, home.pk),
                timezone=home.workspace.timezone,
                now=clock.now(),
                seed=options["seed"],
            )
        work.tend(now=clock.now())
        self.stdout.write("The demo is wiped." if options["wipe"] else "The demo is ready.")
