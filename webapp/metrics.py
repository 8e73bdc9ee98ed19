"""What an operator watches: counts and times, for Prometheus.

The counts belong to an application, not to the process, so that two applications in one process share none. `serve`
has several processes, and a scrape reaches only one of them: there each process keeps its counts in a file of its own,
in a folder that they share, and whoever is asked adds all files up. Writing is a few bytes of mapped memory, so that
nothing is lost when a process is killed, and the counts of one that is dead stay. Without such a folder they are kept
in memory.

No label holds what somebody sent: routes are templates, the rest are words of the code.
"""

import json
import os
import secrets
import shutil
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from flask import Flask, current_app
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.mmap_dict import MmapedDict

from webapp.domain.rewards import STATUSES

# Names the folder that the processes of one server share; set by `serve` for those that it starts.
FOLDER = "GRAPEVINE_METRICS_FOLDER"
# Room for all series there are; allocated at once, because mapped memory without a disk behind it ends the process.
FILE_BYTES = 1024 * 1024
_SUFFIX = ".counts"
LATENCY_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BOUNDS = (*map(str, LATENCY_SECONDS), "+Inf")
NOT_COUNTED = ("head", "prefetch", "hidden", "bot")
LOST = ("queue_full", "database")
# Types of the business's own are all one here: there is no end to them.
OTHER = "other"
CONVERSION_TYPES = ("signup", "purchase", "renewal", OTHER)

# The name of a metric, the values of its labels, and the part of it: a bucket's bound or "sum", empty for a counter.
Series = tuple[str, tuple[str, ...], str]
NEWEST = "newest"


class Seen(NamedTuple):
    """Something that is looked up when somebody asks, and is not counted; `value` is None when nobody knows."""

    name: str
    says: str
    value: float | None


class Counter:
    """Something that only ever grows. `known` are values of its labels that are there before anything happened."""

    def __init__(
        self,
        store: "Store",
        name: str,
        says: str,
        labels: tuple[str, ...] = (),
        known: tuple[tuple[str, ...], ...] = (),
    ) -> None:
        self._store = store
        self._name, self._says, self._labels = name, says, labels
        self._known = known if labels else ((),)

    def inc(self, amount: float = 1, **labels: str) -> None:
        """Add to it; every label has to be given."""
        self._store.add((self._name, tuple([labels[name] for name in self._labels]), ""), amount)

    def family(self, values: Mapping[Series, float]) -> Metric:
        """Return it as Prometheus knows it."""
        family = CounterMetricFamily(self._name, self._says, labels=self._labels)
        found = {labels for name, labels, _part in values if name == self._name}
        for labels in sorted({*self._known, *found}):
            family.add_metric(labels, values.get((self._name, labels, ""), 0))
        return family


class Newest:
    """A moment, in seconds since 1970, of which the newest of all processes counts."""

    def __init__(self, store: "Store", name: str, says: str, labels: tuple[str, ...]) -> None:
        self._store = store
        self._name, self._says, self._labels = name, says, labels

    def at(self, moment: float, **labels: str) -> None:
        """Note that it was at this moment; every label has to be given."""
        self._store.put((self._name, tuple([labels[name] for name in self._labels]), NEWEST), moment)

    def family(self, values: Mapping[Series, float]) -> Metric:
        """Return it as Prometheus knows it."""
        family = GaugeMetricFamily(self._name, self._says, labels=self._labels)
        for labels in sorted({labels for name, labels, _part in values if name == self._name}):
            family.add_metric(labels, values[self._name, labels, NEWEST])
        return family


class Histogram:
    """How long something takes, in seconds."""

    def __init__(self, store: "Store", name: str, says: str, labels: tuple[str, ...]) -> None:
        self._store = store
        self._name, self._says, self._labels = name, says, labels

    def observe(self, seconds: float, **labels: str) -> None:
        """Count one of them; every label has to be given."""
        values = tuple([labels[name] for name in self._labels])
        self._store.add((self._name, values, _BOUNDS[bisect_left(LATENCY_SECONDS, seconds)]), 1)
        self._store.add((self._name, values, "sum"), seconds)

    def family(self, values: Mapping[Series, float]) -> Metric:
        """Return it as Prometheus knows it: each bucket with all that are quicker."""
        family = HistogramMetricFamily(self._name, self._says, labels=self._labels)
        for labels in sorted({labels for name, labels, _part in values if name == self._name}):
            buckets, so_far = [], 0.0
            for bound in _BOUNDS:
                so_far += values.get((self._name, labels, bound), 0)
                buckets.append((bound, so_far))
            family.add_metric(labels, buckets, values.get((self._name, labels, "sum"), 0))
        return family


class Metrics:
    """Everything that one application counts."""

    def __init__(self) -> None:
        self.store = store = Store()
        self.clicks_recorded = Counter(store, "grapevine_clicks_recorded", "Clicks that were stored.")
        self.clicks_not_counted = Counter(
            store,
            "grapevine_clicks_not_counted",
            "Requests for links that were sent on without being a click.",
            ("reason",),
            known=tuple((reason,) for reason in NOT_COUNTED),
        )
        self.clicks_lost = Counter(
            store,
            "grapevine_clicks_lost",
            "Clicks of people that could not be stored; they were sent on.",
            ("reason",),
            known=tuple((reason,) for reason in LOST),
        )
        self.signups_recorded = Counter(store, "grapevine_signups_recorded", "Accounts that were made by signing up.")
        self.conversions_recorded = Counter(
            store,
            "grapevine_conversions_recorded",
            "Events that were stored.",
            ("type",),
            known=tuple((type_,) for type_ in CONVERSION_TYPES),
        )
        self.refunds_recorded = Counter(store, "grapevine_refunds_recorded", "Refunds that were stored.")
        self.disputes_recorded = Counter(store, "grapevine_disputes_recorded", "Disputes that were stored.")
        self.dispute_outcomes_recorded = Counter(
            store,
            "grapevine_dispute_outcomes_recorded",
            "Ends of disputes that were stored.",
            ("outcome",),
            known=(("won",), ("lost",)),
        )
        self.rewards_changed = Counter(
            store,
            "grapevine_rewards_changed",
            "Rewards that came to have a status.",
            ("status",),
            known=tuple((status,) for status in STATUSES),
        )
        self.fraud_checks_failed = Counter(
            store, "grapevine_fraud_checks_failed", "Friends who are held because a fraud check could not be made."
        )
        self.job_runs = Counter(store, "grapevine_job_runs", "Runs of background jobs that ended well.", ("job",))
        self.job_failures = Counter(store, "grapevine_job_failures", "Runs of background jobs that failed.", ("job",))
        self.job_succeeded = Newest(
            store, "grapevine_job_last_success_timestamp_seconds", "When a background job last ended well.", ("job",)
        )
        self.http_requests = Counter(
            store, "grapevine_http_requests", "Answers to requests.", ("route", "method", "status")
        )
        self.http_request_duration = Histogram(
            store, "grapevine_http_request_duration_seconds", "How long answers took to make.", ("route", "method")
        )

    def count_request(self, *, route: str | None, method: str, status: int, seconds: float) -> None:
        """Count an answer. `route` is the template of its URL, None for what has none; `method` one of a known few."""
        route = route or "none"
        self.http_requests.inc(route=route, method=method, status=str(status))
        self.http_request_duration.observe(seconds, route=route, method=method)

    def count_noted(self, noted: Mapping[tuple[str, tuple[tuple[str, str], ...]], int]) -> None:
        """Count what a transaction noted (`webapp.transactions.note`), now that it is true."""
        for (name, labels), times in noted.items():
            counter: Counter = getattr(self, name)
            told = dict(labels)
            if told.get("type", OTHER) not in CONVERSION_TYPES:
                told["type"] = OTHER
            counter.inc(times, **told)

    def as_text(self, *, version: str, seen: Sequence[Seen] = ()) -> bytes:
        """Return everything in Prometheus' text format; what nobody knows is left out."""
        build = GaugeMetricFamily("grapevine_build_info", "The version that runs.", labels=["version"])
        build.add_metric([version], 1)
        gauges = [build]
        gauges += [GaugeMetricFamily(name, says, value=value) for name, says, value in seen if value is not None]
        registry = CollectorRegistry()
        registry.register(_Collected([*self._families(), *gauges]))
        return generate_latest(registry)

    def _families(self) -> Iterator[Metric]:
        values = self.store.values()
        for one in vars(self).values():
            if isinstance(one, Counter | Histogram | Newest):
                yield one.family(values)


class Store:
    """Where the values are: in memory, and in a file of this process where processes share a folder."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = 0
        self._values: dict[Series, float] = {}
        self._names: dict[Series, str] = {}
        self._file: MmapedDict | None = None

    def add(self, series: Series, amount: float) -> None:
        """Add to the value of a series."""
        with self._lock:
            if self._process != os.getpid():
                self._begin()
            self._write(series, self._values.get(series, 0.0) + amount)

    def put(self, series: Series, value: float) -> None:
        """Set the value of a series, whatever it was."""
        with self._lock:
            if self._process != os.getpid():
                self._begin()
            self._write(series, value)

    def _write(self, series: Series, value: float) -> None:
        self._values[series] = value
        if self._file is not None:
            name = self._names.get(series)
            if name is None:
                name = self._names[series] = json.dumps(series)
            self._file.write_value(name, value, 0.0)

    def values(self) -> dict[Series, float]:
        """Return the values of all processes that share a folder with this one, else its own."""
        with self._lock:
            is_own = self._process == os.getpid() and self._file is None
            total: defaultdict[Series, float] = defaultdict(float, self._values if is_own else {})
        folder = os.environ.get(FOLDER)
        for file in Path(folder).glob(f"*{_SUFFIX}") if folder else ():
            for name, value, *_ in MmapedDict.read_all_values_from_file(str(file)):
                series = _series(name)
                total[series] = max(total[series], value) if series[2] == NEWEST else total[series] + value
        return dict(total)

    def close(self) -> None:
        """Let go of the file. What is in it stays."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._file, self._process = None, 0

    def _begin(self) -> None:
        # What was counted before a fork is the parent's.
        self._process, self._values, self._file = os.getpid(), {}, None
        if folder := os.environ.get(FOLDER):
            # Without a file this process' counts are missing from those of the others; nothing else is.
            with suppress(OSError):
                self._file = _file_in(Path(folder))


class _Collected:
    """What was collected already, as a registry wants it."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def init_app(app: Flask) -> None:
    """Give the application its metrics."""
    app.extensions["grapevine_metrics"] = Metrics()


def metrics_of(app: Flask) -> Metrics:
    """Return the metrics of an application."""
    metrics: Metrics = app.extensions["grapevine_metrics"]
    return metrics


def current_metrics() -> Metrics:
    """Return the metrics of the application at work."""
    return metrics_of(current_app)


def share_in(folder: Path) -> None:
    """Let the processes that are started from now on, and this one, count together in a folder."""
    os.environ[FOLDER] = str(folder)


def stop_sharing() -> None:
    """Forget the folder, and what was counted in it."""
    shutil.rmtree(os.environ.pop(FOLDER, ""), ignore_errors=True)


def _file_in(folder: Path) -> MmapedDict:
    # The number of a process that is dead may be given again.
    path = folder / f"{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}"
    # Whoever reads it finds a whole one, or none.
    begun = path.with_suffix(".new")
    begun.write_bytes(bytes(FILE_BYTES))
    begun.rename(path)
    return MmapedDict(str(path))


def _series(name: str) -> Series:
    metric, labels, part = json.loads(name)
    return metric, tuple(labels), part
