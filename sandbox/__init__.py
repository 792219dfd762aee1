"""A local server that imitates the outside vendors over real HTTP. Shares no code with the product."""
