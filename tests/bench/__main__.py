"""`make bench`: speed, as ratios beside anchors measured in the same run. Writes results.json beside this file."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flask import Flask

from tests.bench import conversions, ledger
from tests.bench.anchors import ROUNDS, beside
from tests.databases import FAST, PostgreSQL, SQLite, config_for
from webapp import create_app
from webapp.database import close_connections
from webapp.extensions import db

RESULTS = Path(__file__).with_name("results.json")
CLIENTS = (1, 4, 16)
SECONDS = 3.0
CONVERSION_GOAL = 0.8
VERIFY_GOAL_SECONDS = 10.0


def main() -> int:
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    results: dict[str, Any] = {}
    for engine in (SQLite, PostgreSQL):
        results[engine.name] = {
            "conversions": list(_conversions(engine)),
            "ledger_verify": _ledger_verify(engine),
        }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(f"Written to {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}.")
    missed = [
        name
        for name, measured in results.items()
        if any(not one["reached"] for one in (*measured["conversions"], measured["ledger_verify"]))
    ]
    print(f"Below its goal on {' and '.join(missed)}." if missed else "Every goal was reached.")
    return 0


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


@contextmanager
def _application(engine: type[SQLite] | type[PostgreSQL]) -> Iterator[Flask]:
    """Give an application on a migrated database that writes as durably as it would for a business."""
    with tempfile.TemporaryDirectory(prefix="grapevine-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        databases = engine(folder) if engine is SQLite else PostgreSQL(folder, durable=True)
        app = create_app(config_for(databases.clone(folder), folder), **FAST)
        yield app
        with app.app_context():
            db.session.remove()
            close_connections()
        databases.stop()


if __name__ == "__main__":
    sys.exit(main())
