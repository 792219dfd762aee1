"""Owns how long an answer takes when it is made to take long."""

import math
from statistics import NormalDist
from typing import Any

from .draws import Key, chance

_P99 = NormalDist().inv_cdf(0.99)


def draw(spec: Any, *keys: Key) -> float:
    """Seconds. `spec` is milliseconds, [low, high] (uniform), or {"p50", "p99"} (log-normal) or {"ms"}."""
    if isinstance(spec, int | float):
        return float(spec) / 1000
    uniform = min(max(chance(*keys), 1e-9), 1 - 1e-9)
    if isinstance(spec, list):
        low, high = spec
        return float(low + (high - low) * uniform) / 1000
    if "p50" in spec:
        middle, tail = float(spec["p50"]), float(spec.get("p99", spec["p50"]))
        sigma = math.log(max(tail / middle, 1.0)) / _P99
        return middle * math.exp(sigma * NormalDist().inv_cdf(uniform)) / 1000
    return float(spec.get("ms", spec.get("seconds", 0) * 1000 if "seconds" in spec else 0)) / 1000
