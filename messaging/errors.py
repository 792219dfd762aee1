"""Refusals of messaging."""
from huntaze.kernel.errors import Conflict, NotFound


class UnknownFan(NotFound):
    message = "Unknown recipient"


class UnknownMessage(NotFound):
    message = "Unknown message"


class NotFailed(Conflict):
    message = "This message is not failed"


class NotUncertain(Conflict):
    message = "This message is not uncertain"


class TooLate(Conflict):
    """It is being sent, or has been."""

    message = "It is too late to cancel this message"
