"""What billing tells the apps above it: ids only, in the transaction in which it became true."""

from django.dispatch import Signal

#: A workspace's subscription changed: `workspace_id`. Work held for billing goes on.
subscription_changed = Signal()
