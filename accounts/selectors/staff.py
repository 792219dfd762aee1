"""What a member of staff may do, asked outside the admin."""

from accounts.models import User
from accounts.rules.staff import codename


def staff_may(user: User, capability: str) -> bool:
    return user.is_active and user.is_staff and user.has_perm(f"accounts.{codename(capability)}")
