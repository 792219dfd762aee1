"""The staff's CRM over the admin: what needs attention, one search over everything, and all of a workspace on one page.

Reads through the apps' selectors only; what changes something is an action of the app that owns it.
"""
