"""The parts of `bench.limiter`: the load, our limiter under it, and the others."""
