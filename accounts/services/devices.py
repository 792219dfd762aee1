"""Devices that people have signed in on: they are not locked out by others' guesses, and new ones are told by mail."""

from datetime import datetime

from accounts.models import KnownDevice, User
from accounts.rules.devices import device_name
from accounts.services.mail import mail_to
from accounts.services.tokens import digest
from huntaze.kernel import clock
from huntaze.kernel.web import Device


def is_known(*, user: User | None, device: Device) -> bool:
    """Whether this person has signed in on this device. One look-up, whoever asks and whatever it finds."""
    pk = user.pk if user is not None else 0
    return KnownDevice.objects.filter(user_id=pk, digest=digest(device.token)).exists() and bool(device.token)


def note_device(*, user: User, device: Device, now: datetime, is_first: bool = False) -> None:
    """Remember the device of a sign-in, in its transaction; a new one is told by mail, but for the sign-up's."""
    if not device.token:
        return
    name, mine = device_name(device.user_agent), digest(device.token)
    if KnownDevice.objects.filter(user=user, digest=mine).update(last_seen_at=now, name=name):
        return
    row = KnownDevice(user=user, digest=mine, name=name, first_seen_at=now, last_seen_at=now)
    KnownDevice.objects.bulk_create([row], ignore_conflicts=True)
    if not is_first:
        mail_to(user, "new_device", now=now, device=name, country=device.country, at=clock.iso(now))
