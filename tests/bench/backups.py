"""A backup of a million purchases with all that came of them, and its restore: as an operator runs both."""

import resource
import subprocess
import time
from pathlib import Path
from typing import Any

from flask import Flask

from tests.bench import ledger
from tests.serving.server import environment, flask_command
from webapp.config import ROOT
from webapp.database import write_transaction
from webapp.services.rollups import rebuild

PURCHASES = 1_000_000


def there_and_back(app: Flask, url: str, empty_url: str, folder: Path, *, purchases: int = PURCHASES) -> dict[str, Any]:
    """Return how long both took, proofs among them, how large the file is, and the most memory that either had."""
    ledger.build(app, purchases=purchases)
    with app.app_context(), write_transaction() as session:
        rebuild(session)
    file = folder / "site.backup"
    backup, backup_cpu, _said = _timed(url, folder, "backup", str(file))
    restore, restore_cpu, said = _timed(empty_url, folder, "restore", str(file))
    assert "The roll-ups: whole." in said
    return {
        "events": purchases,
        "said": said.splitlines()[0],
        "megabytes": round(file.stat().st_size / 2**20),
        "backup_seconds": round(backup, 1),
        "restore_seconds": round(restore, 1),
        # What a busy machine does not change. Without that of PostgreSQL's server.
        "backup_cpu_seconds": round(backup_cpu, 1),
        "restore_cpu_seconds": round(restore_cpu, 1),
        "memory_megabytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
    }


def _timed(url: str, folder: Path, *arguments: str) -> tuple[float, float, str]:
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(
        flask_command(*arguments), cwd=ROOT, env=environment(url, folder), check=True, capture_output=True, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, cpu, ended.stdout
