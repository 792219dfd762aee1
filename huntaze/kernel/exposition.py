"""The text that `/api/metrics` answers: values of all processes of this machine, merged, and the fleet's."""

from collections.abc import Iterator

from django.conf import settings
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import REGISTRY, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from huntaze.kernel import fleet, metric_files
from huntaze.kernel.metrics import FLEET


class _AllKinds(Collector):
    """Merges the value files of every process kind on this machine."""

    def collect(self) -> Iterator[Metric]:
        yield from MultiProcessCollector.merge(metric_files.all_files())  # type: ignore[no-untyped-call]


class _Fleet(Collector):
    """Build information and the fleet's gauges; the latter are absent while Redis is away."""

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily("huntaze_build_info", "What is running", labels=("version", "environment"))
        build.add_metric((settings.VERSION, settings.ENVIRONMENT_NAME), 1)
        yield build
        families: dict[str, GaugeMetricFamily] = {}
        try:
            samples = fleet.collect()
        except (RedisError, OSError):
            return
        for name, labels, value in samples:
            spec = FLEET[name]
            if name not in families:
                families[name] = GaugeMetricFamily(name, spec.help, labels=spec.labels)
            families[name].add_metric([labels[label] for label in spec.labels], value)
        yield from families.values()


def render() -> bytes:
    """The exposition in the Prometheus text format 0.0.4."""
    own = CollectorRegistry()
    own.register(_Fleet())
    if metric_files.base_directory() is None:
        return generate_latest(REGISTRY) + generate_latest(own)
    own.register(_AllKinds())
    return generate_latest(own)
