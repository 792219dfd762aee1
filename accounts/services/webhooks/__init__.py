"""Outgoing webhooks: endpoints of a workspace, events for them, and their way there."""
