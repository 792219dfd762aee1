"""Reads of messaging that doors, services and other apps use."""

from messaging.selectors.deliveries import (
    COUNTED,
    dead_letters,
    delivery_of,
    fan_of,
    has_sent,
    queue_figures,
    waiting,
)

__all__ = ["COUNTED", "dead_letters", "delivery_of", "fan_of", "has_sent", "queue_figures", "waiting"]
