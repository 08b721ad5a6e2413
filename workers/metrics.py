"""What Prometheus is told by a worker: how many slots it has. How many are busy, the API tells."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, start_http_server

from workers.settings import Settings


def serve_metrics(settings: Settings) -> None:
    """Answer in threads of their own, where the settings name a port."""
    if not settings.metrics_port:
        return
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    slots = Gauge("autodistill_slots", "Trials at once on this worker.", registry=registry)
    slots.set(settings.slots)
    start_http_server(settings.metrics_port, settings.metrics_host, registry)
