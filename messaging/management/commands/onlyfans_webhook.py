"""Register our webhook address with OnlyFansAPI, or bring the registration up to date."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from huntaze.platforms.errors import PlatformError
from messaging.services.sync import register_webhook


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default=f"{settings.BASE_URL}/api/webhooks/onlyfans")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.ONLYFANSAPI_API_KEY or not settings.ONLYFANSAPI_WEBHOOK_SECRETS:
            raise CommandError("Set ONLYFANSAPI_API_KEY and ONLYFANSAPI_WEBHOOK_SECRETS first.")
        try:
            webhook, is_new = register_webhook(url=options["url"])
        except PlatformError as error:
            raise CommandError(f"OnlyFansAPI could not be asked: {error.code}") from error
        self.stdout.write(f"{'Registered' if is_new else 'Up to date'}: {webhook.id} {webhook.url}")
