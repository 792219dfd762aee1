"""People: one row a person, who may belong to several workspaces."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.rules.staff import STAFF_CAPABILITIES, codename
from huntaze.kernel.ids import PublicIdModel


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())

    def create_superuser(self, email: str, password: str, **fields: Any) -> "User":
        """For `manage.py createsuperuser`."""
        user = self.model(email=email.lower(), is_staff=True, is_superuser=True, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(PublicIdModel, AbstractBaseUser, PermissionsMixin):
    """A person; the mail address is the login, stored in lower case. An empty time zone is the workspace's.

    What they send from a page waits `undo_seconds` (0 to 30) before it leaves, so that they can take it back.
    """

    PREFIX = "usr"
    email = models.EmailField(_("email"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=50)
    avatar = models.URLField(blank=True, default="")
    locale = models.CharField(max_length=2, choices=[("en", "English"), ("fr", "Français")], default="en")
    timezone = models.CharField(max_length=64, blank=True, default="")
    undo_seconds = models.PositiveSmallIntegerField(default=10, db_default=10)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    terms_accepted_at = models.DateTimeField(null=True, blank=True)
    terms_version = models.CharField(max_length=20, blank=True, default="")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    session_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        permissions = [(codename(name), words) for name, words in STAFF_CAPABILITIES.items()]
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower"),
            models.CheckConstraint(condition=models.Q(undo_seconds__lte=30), name="user_undo_seconds"),
        ]

    def __str__(self) -> str:
        return self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a browser session is bound to: it ends with a new password and with "log out everywhere"."""
        key = f"{self.password}|{self.session_version}"
        return salted_hmac("accounts.User.session", key, secret=secret, algorithm="sha256").hexdigest()
