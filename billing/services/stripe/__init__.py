"""Everything that talks to Stripe or works on what it told us."""
