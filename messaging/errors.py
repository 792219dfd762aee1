"""Refusals of messaging."""

from huntaze.kernel.errors import Conflict, NotFound


class UnknownFan(NotFound):
    message = "Unknown recipient"


class UnknownMessage(NotFound):
    message = "Unknown message"


class NotFailed(Conflict):
    message = "This message is not failed"


class RunIsOver(Conflict):
    message = "This run is over"


class NotUncertain(Conflict):
    message = "This message is not uncertain"


class TooLate(Conflict):
    """It is being sent, or has been."""

    message = "It is too late to cancel this message"


class UnknownList(NotFound):
    message = "Unknown list"


class UnknownSegment(NotFound):
    message = "Unknown segment"


class UnknownCampaign(NotFound):
    message = "Unknown campaign"


class InUse(Conflict):
    message = "A segment or a campaign that is not over uses this"


class NameTaken(Conflict):
    message = "This account has one of this name already"


class WrongState(Conflict):
    """`data`: status, what the campaign is now."""

    message = "The campaign's state does not allow this"


class ApprovalRequired(Conflict):
    """`data`: details, sentences that say what is missing."""

    code = "HUMAN_APPROVAL_REQUIRED"
    message = "This needs a person's approval"


class TurnTaken(Conflict):
    code = "turn_taken"
    message = "Another campaign is running on this account"
