"""Connecting accounts: starting, following, finishing, and taking back."""
