"""A Celery task for each message, written as most people write it: load the row, call the platform, mark the row.

`python -m bench.peers.plain_celery FIRST LAST` publishes the tasks for deliveries FIRST to LAST and waits to be ended.
No limit, keep-alive connections in each thread, acknowledged late.
"""

import signal
import sys
import threading
from typing import Any

import django
import requests
from celery import Celery
from django.conf import settings

django.setup()

from huntaze.kernel import clock  # noqa: E402
from huntaze.kernel.tenancy import cross_workspace  # noqa: E402
from messaging.models import Delivery, Message  # noqa: E402

app = Celery("plain", broker=settings.CELERY_BROKER_URL)
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=4,
    worker_hijack_root_logger=False,
    task_default_queue="plain",
    broker_transport_options={"global_keyprefix": "plain:"},
    CELERY_DB_REUSE_MAX=1_000_000,
)
_mine = threading.local()


def session() -> requests.Session:
    if not hasattr(_mine, "session"):
        _mine.session = requests.Session()
        _mine.session.headers["Authorization"] = f"Bearer {settings.ONLYFANSAPI_API_KEY}"
    found: requests.Session = _mine.session
    return found


@app.task(name="plain.send")
def send(pk: int) -> None:
    with cross_workspace("demo"):
        delivery: Any = Delivery.objects.select_related("message", "fan", "account").get(pk=pk)
        path = f"/api/{delivery.account.external_id}/chats/{delivery.fan.platform_user_id}/messages"
        answer = session().post(
            settings.ONLYFANSAPI_BASE_URL + path,
            json={"text": delivery.message.text.reveal()},
            headers={"Idempotency-Key": delivery.public_id},
            timeout=20,
        )
        answer.raise_for_status()
        now = clock.now()
        Message.objects.filter(pk=delivery.message_id).update(
            sent_at=now, platform_message_id=str(answer.json()["data"]["id"])
        )
        Delivery.objects.filter(pk=pk).update(state="sent", dispatched_at=now, answered_at=now, attempts=1)


if __name__ == "__main__":
    with app.pool.acquire() as connection, app.amqp.Producer(connection) as producer:
        for number in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
            send.apply_async((number,), producer=producer)
    signal.pause()
