"""Where time and chance come from."""

import ast

from tests.conventions.test_imports import imports_of
from tests.conventions.tree import name_of, python_files

# A story that can be told again, and waits that must not fall together. Codes and tokens come from `secrets`.
MAY_BE_PREDICTABLE = {"webapp/demo.py", "webapp/demo_desk.py", "webapp/jobs/deliver_mail.py"}
CLOCK = "webapp/clock.py"
CLOCK_CALLS = {"now", "utcnow", "today"}


def test_chance_comes_from_secrets():
    predictable = {name_of(path) for path in python_files("webapp") if "random" in set(imports_of(path.read_text()))}
    assert predictable <= MAY_BE_PREDICTABLE
    (caller,) = [path for path in python_files("webapp") if name_of(path) == "webapp/views/public/signups.py"]
    assert "choose=secrets.choice" in caller.read_text()


def test_only_the_clock_asks_what_time_it_is():
    asking = [f"{name_of(path)}:{line}" for path in python_files("webapp") for line in clock_calls(path.read_text())]
    assert [place for place in asking if not place.startswith(f"{CLOCK}:")] == []
    assert any(place.startswith(f"{CLOCK}:") for place in asking)


def clock_calls(source):
    """Yield the lines that call now(), utcnow() or today() on a date or datetime."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_CALLS:
            owner = node.func.value
            name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
            if name in {"date", "datetime", "dt"}:
                yield node.lineno


def test_a_call_of_the_clock_is_found_however_it_is_written():
    source = "a = datetime.now(UTC)\nb = datetime.datetime.utcnow()\nc = date.today()\nd = stopwatch.now()\n"
    assert list(clock_calls(source)) == [1, 2, 3]
