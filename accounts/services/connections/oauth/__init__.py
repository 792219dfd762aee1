"""Connecting by OAuth: to the platform's page and back, keeping the tokens, renewing them."""
