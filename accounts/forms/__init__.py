"""Input of the pages of accounts."""
