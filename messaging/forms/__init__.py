"""Input of the pages of messaging."""

from messaging.forms.send import FIELDS, SENTENCES, SendForm, priorities

__all__ = ["FIELDS", "SENTENCES", "SendForm", "priorities"]
