"""`make bench`: speed, as ratios beside anchors measured in the same run. Writes results.json beside this file."""

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flask import Flask

from tests.bench import backups, clicks, conversions, ledger, replay
from tests.bench.anchors import ROUNDS, beside
from tests.databases import FAST, PostgreSQL, SQLite, config_for
from webapp import create_app
from webapp.database import close_connections
from webapp.extensions import db

RESULTS = Path(__file__).with_name("results.json")
CLIENTS = (1, 4, 16)
SECONDS = 3.0
CONVERSION_GOAL = 0.8
CLICK_SECONDS = 5.0
# Times a bare route, milliseconds of the 99th in a hundred, and the same while people read pages.
CLICK_GOALS = {"sqlite": (0.6, 15.0, 50.0), "postgresql": (0.3, 40.0, 50.0)}
KILLS = 20
VERIFY_GOAL_SECONDS = 10.0
# Conversions a second that a draft is tried on, on one core.
REPLAY_GOAL, REPLAY_ROUNDS = 20_000, 3
# From the beginning of the backup to the end of the proofs of its restore.
BACKUP_GOAL_SECONDS = 300.0


def main() -> int:
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    results: dict[str, Any] = {}
    for engine in (SQLite, PostgreSQL):
        results[engine.name] = {
            "clicks": list(_clicks(engine)),
            "conversions": list(_conversions(engine)),
            "ledger_verify": _ledger_verify(engine),
            "replay": _replay(engine),
            "backup": _backup(engine),
        }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(f"Written to {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}.")
    missed = [name for name, measured in results.items() if any(not one["reached"] for one in _all(measured))]
    print(f"Below its goal on {' and '.join(missed)}." if missed else "Every goal was reached.")
    return 0


def _clicks(engine: type[SQLite] | type[PostgreSQL]) -> Iterator[dict[str, Any]]:
    goal, latency_goal, busy_goal = CLICK_GOALS[engine.name]
    with _served_database(engine) as (app, url, folder):
        site = clicks.build(app, url, folder)
        with clicks.bare() as anchor, site.served() as server:
            # What is measured is how it goes on, not how it begins.
            clicks.clicks(site, server, seconds=2)
            alone: list[dict[str, Any]] = []

            def ours() -> float:
                alone.append(clicks.clicks(site, server, seconds=CLICK_SECONDS))
                return alone[-1]["rate"]

            found = beside(ours, lambda: clicks.load(anchor, site.codes, seconds=CLICK_SECONDS)["rate"], rounds=ROUNDS)
            p99 = statistics.median(one["p99_ms"] for one in alone)
            print(
                f"{engine.name}: a click {found.ratio:.2f} × a bare route ({found.rate:,.0f} and"
                f" {found.anchor_rate:,.0f} a second; goal {goal}), p99 {p99} ms (goal {latency_goal:.0f})",
                flush=True,
            )
            reached = found.ratio >= goal and p99 <= latency_goal
            yield {"what": "alone", **asdict(found), "p99_ms": p99, "runs": alone, "reached": reached}
            busy = [clicks.beside_readers(site, server, seconds=CLICK_SECONDS) for _ in range(ROUNDS)]
            p99 = statistics.median(one["p99_ms"] for one in busy)
            rate, pages = (statistics.median(one[name] for one in busy) for name in ("rate", "pages"))
            print(
                f"{engine.name}: {rate:,.0f} clicks a second beside {clicks.READERS} readers of"
                f" {pages / CLICK_SECONDS:,.0f} pages a second, 99 in 100 within {p99} ms (goal {busy_goal:.0f})",
                flush=True,
            )
            yield {"what": "beside readers", "p99_ms": p99, "rate": rate, "runs": busy, "reached": p99 <= busy_goal}
        killed = [clicks.killed(site, seconds=1) for _ in range(KILLS)]
        answered, lost = (sum(column) for column in zip(*killed, strict=True))
        print(
            f"{engine.name}: killed {KILLS} times under load, {lost} of {answered:,} acknowledged visitors lost",
            flush=True,
        )
        yield {"what": "killed", "kills": KILLS, "acknowledged": answered, "lost": lost, "reached": not lost}
        clicks.check(site)


def _conversions(engine: type[SQLite] | type[PostgreSQL]) -> Iterator[dict[str, Any]]:
    with _application(engine) as app:
        house = conversions.build(app)
        # What is measured is how it goes on, not how it begins.
        conversions.ours(house, clients=1, seconds=1)
        for clients in CLIENTS:
            found = beside(
                lambda clients=clients: conversions.ours(house, clients=clients, seconds=SECONDS),
                lambda clients=clients: conversions.bare(house, clients=clients, seconds=SECONDS),
                rounds=ROUNDS,
            )
            print(
                f"{engine.name}, {clients:>2} clients: a conversion {found.ratio:.2f} × a bare transaction"
                f" ({found.rate:,.0f} and {found.anchor_rate:,.0f} a second; goal {CONVERSION_GOAL})",
                flush=True,
            )
            yield {"clients": clients, **asdict(found), "reached": found.ratio >= CONVERSION_GOAL}
        conversions.check(house)


def _ledger_verify(engine: type[SQLite] | type[PostgreSQL]) -> dict[str, Any]:
    with _application(engine) as app:
        entries, seconds = ledger.verify_a_million(app)
    print(
        f"{engine.name}: `ledger verify` read {entries:,} entries in {seconds:.1f} s (goal {VERIFY_GOAL_SECONDS:.0f})",
        flush=True,
    )
    return {"entries": entries, "seconds": round(seconds, 2), "reached": seconds < VERIFY_GOAL_SECONDS}


def _replay(engine: type[SQLite] | type[PostgreSQL]) -> dict[str, Any]:
    with _application(engine) as app:
        replay.build(app)
        found = beside(lambda: replay.ours(app)[0], lambda: replay.bare(app), rounds=REPLAY_ROUNDS)
    print(
        f"{engine.name}: a draft tried on {replay.CONVERSIONS:,} conversions at {found.rate:,.0f} a second"
        f" (goal {REPLAY_GOAL:,}), {found.ratio:.2f} × reading them bare ({found.anchor_rate:,.0f} a second)",
        flush=True,
    )
    return {"conversions": replay.CONVERSIONS, **asdict(found), "reached": found.rate >= REPLAY_GOAL}


def _backup(engine: type[SQLite] | type[PostgreSQL]) -> dict[str, Any]:
    with _site(engine) as (databases, app, url, folder):
        (folder / "restored").mkdir()
        found = backups.there_and_back(app, url, databases.empty(folder / "restored"), folder)
    print(
        f"{engine.name}: a backup of {found['events']:,} purchases in {found['backup_seconds']:.0f} s, restored and"
        f" proved in {found['restore_seconds']:.0f} s (goal {BACKUP_GOAL_SECONDS:.0f} for both),"
        f" with {found['memory_megabytes']} MB of memory at most",
        flush=True,
    )
    reached = found["backup_seconds"] + found["restore_seconds"] <= BACKUP_GOAL_SECONDS
    return {**found, "reached": reached}


def _all(measured: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        *measured["clicks"],
        *measured["conversions"],
        measured["ledger_verify"],
        measured["replay"],
        measured["backup"],
    ]


@contextmanager
def _application(engine: type[SQLite] | type[PostgreSQL]) -> Iterator[Flask]:
    """Give an application on a migrated database that writes as durably as it would for a business."""
    with _served_database(engine) as (app, _url, _folder):
        yield app


@contextmanager
def _served_database(engine: type[SQLite] | type[PostgreSQL]) -> Iterator[tuple[Flask, str, Path]]:
    """Give the same with its address and its folder, for servers in processes of their own."""
    with _site(engine) as (_databases, app, url, folder):
        yield app, url, folder


@contextmanager
def _site(engine: type[SQLite] | type[PostgreSQL]) -> Iterator[tuple[SQLite | PostgreSQL, Flask, str, Path]]:
    """Give the same with the server of its database, which has room for another."""
    with tempfile.TemporaryDirectory(prefix="grapevine-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        databases = engine(folder) if engine is SQLite else PostgreSQL(folder, durable=True)
        url = databases.clone(folder)
        app = create_app(config_for(url, folder), **FAST)
        yield databases, app, url, folder
        with app.app_context():
            db.session.remove()
            close_connections()
        databases.stop()


if __name__ == "__main__":
    sys.exit(main())
