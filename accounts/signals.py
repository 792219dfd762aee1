"""What accounts tells the apps above it: integer keys only, in the transaction of the deed."""

from django.dispatch import Signal

#: Sent with `workspace_id` when somebody signed up.
workspace_created = Signal()
