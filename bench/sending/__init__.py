"""The parts of `bench.send`: accounts at their caps, no limit against the peers, and latency."""
