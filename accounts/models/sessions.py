"""Browser sessions and the devices that people have signed in on."""

from typing import Any

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from huntaze.kernel.ids import PublicIdModel


class BrowserSession(PublicIdModel, AbstractBaseSession):
    """A session of the dashboard. `session_key` is a digest of the cookie's value: who reads the table can't come in.

    What the session remembers is signed in `session_data`; the columns repeat what its owner is shown.
    """

    PREFIX = "brs"
    user = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="+")
    device_name = models.CharField(max_length=60, blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="")
    started_at = models.DateTimeField()
    last_used_at = models.DateTimeField()

    class Meta(AbstractBaseSession.Meta):
        abstract = False
        indexes = [models.Index("user", "last_used_at", name="browser_session_of_user")]

    @classmethod
    def get_session_store_class(cls) -> Any:
        from accounts.sessions import SessionStore  # the store names this table

        return SessionStore


class KnownDevice(models.Model):
    """A browser on which a person has signed in. `digest` is the SHA-256 of its device cookie."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    digest = models.BinaryField(max_length=32)
    name = models.CharField(max_length=60, blank=True, default="")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="known_device_once")]
        indexes = [models.Index(fields=["last_seen_at"], name="known_device_by_age")]


class FailedSignIn(models.Model):
    """A wrong password, on its way into the audit log; the row goes with that, seconds later."""

    email = models.CharField(max_length=254)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=200, blank=True, default="")
    trace_id = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.pk)
