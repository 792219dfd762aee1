"""The house. What is imported stays in memory: looking through all of it again and again for what could be let go
took a sixth of each start, and later some of every request."""

import gc

gc.set_threshold(50_000, 20, 20)
