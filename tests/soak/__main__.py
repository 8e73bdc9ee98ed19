"""`make soak`: the long forms of the races, faults and property tests. Writes results.json beside this file.

How long they are is in the environment: each number below can be given another
value there. What comes behind `python -m tests.soak` goes to pytest, as in -k sqlite.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

RESULTS = Path(__file__).with_name("results.json")
FORMS: dict[str, dict[str, str]] = {
    "tests/services/test_money_model.py": {"GRAPEVINE_MODEL_STEPS": "200000"},
    "tests/services/test_money_model_of_counts.py": {"GRAPEVINE_MODEL_STEPS": "20000"},
    "tests/services/test_money_model_of_limits.py": {"GRAPEVINE_MODEL_STEPS": "10000"},
    "tests/services/test_event_order.py": {"GRAPEVINE_ORDER_EXAMPLES": "1000"},
    "tests/services/test_random_counts.py": {"GRAPEVINE_COUNTED_HISTORIES": "50"},
    "tests/services/test_faults.py": {"GRAPEVINE_EVERY_REPEAT": "1"},
    "tests/services/test_money_races.py": {"GRAPEVINE_RACE_ALL": "1", "GRAPEVINE_RACE_ROUNDS": "200"},
    "tests/services/test_counted_races.py": {"GRAPEVINE_RACE_ALL": "1"},
    "tests/serving/test_same_event.py": {"GRAPEVINE_ROUNDS": "200"},
    "tests/journeys/test_every_page.py": {"GRAPEVINE_EVERY_LOOK": "1"},
    "tests/corpora/test_corpora.py": {"GRAPEVINE_CORPORA_ALL": "1"},
}


def main() -> int:
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for path, numbers in FORMS.items():
            results[path] = _run(path, numbers, Path(folder) / "report.xml")
            print(f"{path}: {json.dumps(results[path])}", flush=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(f"Written to {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}.")
    return 0 if all(found["exit"] == 0 for found in results.values()) else 1


def _run(path: str, numbers: dict[str, str], report: Path) -> dict[str, Any]:
    report.unlink(missing_ok=True)
    # Of the families of reports only this one holds what a test counted.
    options = [f"--junitxml={report}", "-o", "junit_family=xunit1", *sys.argv[1:]]
    began = time.monotonic()
    environment = {"GRAPEVINE_SEARCH": "1", **numbers, **os.environ}
    ended = subprocess.run([sys.executable, "-m", "pytest", "-q", path, *options], env=environment)
    return {
        "exit": ended.returncode,
        "seconds": round(time.monotonic() - began),
        **{name: os.environ.get(name, number) for name, number in numbers.items()},
        **(_counted(report) if report.exists() else {}),
    }


def _counted(report: Path) -> dict[str, int]:
    """Return how many tests there were, how many of them failed or were skipped, and what they counted themselves."""
    found: Counter[str] = Counter()
    for case in ElementTree.parse(report).getroot().iter("testcase"):  # noqa: S314 - written by pytest just now
        found["tests"] += 1
        found["failed"] += any(case.find(kind) is not None for kind in ("failure", "error"))
        found["skipped"] += case.find("skipped") is not None
        found.update({one.attrib["name"]: int(one.attrib["value"]) for one in case.iter("property")})
    return dict(found)


if __name__ == "__main__":
    sys.exit(main())
