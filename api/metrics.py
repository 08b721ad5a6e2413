"""What Prometheus is told: requests of this process, and the state of the whole service."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from api.access import operation
from autodistill.record import TrialState
from autodistill.store import Store

IDS = {"job": "job", "trial": "number"}
"""Facts of a log line, and the parameters of addresses that they are."""
log = logging.getLogger("api.requests")


class Metrics:
    """The meters of one application."""

    def __init__(self, store: Store) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "autodistill_http_request_seconds",
            "Time until a request is answered; of a stream, until it begins.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.listeners = Gauge(
            "autodistill_event_listeners",
            "Readers of event streams of this process.",
            registry=self.registry,
        )
        self.registry.register(_Census(store))


class _Census(Collector):
    """Counts from the database, when they are asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> Iterable[Metric]:
        return ()  # registering must not ask the database

    @override
    def collect(self) -> Iterable[Metric]:
        with self._store.read() as tx:
            jobs, trials = tx.census.jobs(), tx.census.trials()
            waiting_s = tx.census.longest_wait_s()
        of_jobs = GaugeMetricFamily("autodistill_jobs", "Jobs by state.", labels=["state"])
        for job_state, number in jobs.items():
            of_jobs.add_metric([job_state], number)
        of_trials = GaugeMetricFamily("autodistill_trials", "Trials by state.", labels=["state"])
        for trial_state, number in trials.items():
            of_trials.add_metric([trial_state], number)
        wait = "Seconds that the oldest queued job has been there."
        busy = "Slots in which a trial runs, on all workers."
        return (
            of_jobs,
            of_trials,
            GaugeMetricFamily("autodistill_queue_oldest_seconds", wait, waiting_s),
            GaugeMetricFamily("autodistill_slots_busy", busy, trials[TrialState.RUNNING]),
        )


class Watch:
    """ASGI middleware that measures and logs every request."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, told = time.perf_counter(), False

        async def watched(message: Message) -> None:
            nonlocal told
            if message["type"] == "http.response.start":
                told = True
                self._tell(scope, message["status"], time.perf_counter() - begun)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            if not told:  # the framework answers for us
                self._tell(scope, 500, time.perf_counter() - begun)
            raise

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method, path = scope["method"], scope["path"]
        asked = operation(method, path)
        route = asked.template or "(none)"
        known = method if asked.template else "(any)"  # strangers must not invent labels
        self._metrics.requests.labels(known, route, status).observe(seconds)
        principal = scope.get("state", {}).get("principal")
        facts = {
            **{k: asked.parameters[p] for k, p in IDS.items() if p in asked.parameters},
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
            "who": principal.name if principal else None,
        }
        log.info("%s %s %d", method, path, status, extra=facts)
