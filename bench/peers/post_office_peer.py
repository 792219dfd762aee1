"""django-post-office: `python post_office_peer.py MODE COUNT` with DATABASE_URL. Prints one JSON line.

`enqueue` makes COUNT mails with `mail.send_many`; `process` then sends them, five threads, by a backend that sends
nowhere: its best case.
"""

import json
import os
import sys
import time
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings

place = urlsplit(os.environ["DATABASE_URL"])
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": place.path[1:],
            "USER": place.username,
            "PASSWORD": unquote(place.password or ""),
            "HOST": place.hostname,
            "PORT": place.port,
        }
    },
    POST_OFFICE={
        "BACKENDS": {"default": "django.core.mail.backends.dummy.EmailBackend"},
        "BATCH_SIZE": 1000,
        "THREADS_PER_PROCESS": 5,
        "LOG_LEVEL": 0,
    },
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)


MAIL = {"sender": "a@example.test", "subject": "Hey", "message": "New set tonight " * 8}


def main(mode: str, count: int) -> dict[str, float]:
    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from post_office import mail
    from post_office.models import Email

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE post_office_email CASCADE")
    started = time.perf_counter()
    for first in range(0, count, 1000):
        numbers = range(first, min(count, first + 1000))
        mail.send_many([{"recipients": f"{number}@example.test", **MAIL} for number in numbers])
    if mode == "process":
        started = time.perf_counter()
        while Email.objects.exclude(status=0).exists():
            mail.send_queued(processes=1, log_level=0)
    return {"seconds": time.perf_counter() - started}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
