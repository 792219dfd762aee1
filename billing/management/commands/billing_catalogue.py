"""`manage.py billing_catalogue push|check`: products and prices at Stripe from our rows, or where they differ."""

from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.services.stripe import catalogue
from billing.services.stripe.packs import set_prices
from huntaze.platforms.errors import PlatformError


class Command(BaseCommand):
    help = "Makes what we sell at Stripe (push), or says where Stripe differs from our rows (check)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deed", choices=["push", "check"])
        parser.add_argument(
            "--pack",
            action="append",
            default=[],
            metavar="KEY=AMOUNT",
            help="price of a pack, such as 25k=49.00",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        set_prices(dict(_amount(text) for text in options["pack"]))
        try:
            if options["deed"] == "push":
                for key in catalogue.push():
                    self.stdout.write(f"made {key}")
            elif found := catalogue.check():
                raise CommandError(", ".join(f"{row.lookup_key}: {row.what}" for row in found))
        except PlatformError as error:
            raise CommandError(f"Stripe: {error.code}") from error


def _amount(text: str) -> tuple[str, int]:
    key, _, amount = text.partition("=")
    try:
        return key, int(Decimal(amount) * 100)
    except InvalidOperation as error:
        raise CommandError(f"not an amount: {text}") from error
