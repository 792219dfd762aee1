"""The one permission class: the view names a capability for each action, the principal has it or not."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import EmailUnverified

#: What a public action declares in place of a capability.
PUBLIC = "public"


class HasCapability(BasePermission):
    """An action without a declared capability is refused: forgetting it closes the door."""

    message = "You do not have permission to do this"

    def has_permission(self, request: Request, view: Any) -> bool:
        capability = view.capability_of(request)
        if capability == PUBLIC:
            return True
        if not isinstance(request.auth, Principal) or capability is None:
            return False
        if capability in request.auth.locked:
            raise EmailUnverified
        return request.auth.can(capability)
