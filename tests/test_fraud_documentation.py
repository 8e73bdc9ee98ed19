"""docs/fraud.md is true: its signals, weights, settings, kinds of entries and days are those of the code."""

import re
from dataclasses import fields

from tests.test_readme import links_and_paths_that_lead_nowhere
from webapp.config import ROOT
from webapp.domain.screening import HELD_FROM, SIGNALS
from webapp.domain.screening_lists import KINDS, read_entry
from webapp.domain.signal_registry import OTHERS, HostNames, Weight
from webapp.forms.signal_settings import DAYS
from webapp.network import says_where
from webapp.queries.screening_trials import MOST_TRIED
from webapp.queries.track_records import (
    FEWEST_CLICKS,
    LINK_CLICKS,
    MOST_REFUNDS,
    MOST_TOUCHES,
    ORDER_DAYS,
    PROGRAM_CLICKS,
    VISITOR_DAYS,
)
from webapp.services.address_salts import KEPT

FILE = ROOT / "docs/fraud.md"
TEXT = FILE.read_text()


def rows(first):
    """Return the cells of the table whose first heading this is."""
    table = re.search(rf"^\| {first} \|.*\n\|[-|]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE).group(1)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def said(value):
    if isinstance(value, HostNames):
        return str(len(value) or "none")
    return f"{value / 100:.2f}" if isinstance(value, Weight) else str(value)


def test_the_table_of_signals_has_every_one_with_its_default_weight_and_settings():
    told = {
        name.strip("`"): (weight, dict(re.findall(r"`(\w+)` (\S+?)(?:,|$)", rest)))
        for name, _, weight, rest in rows("signal")
    }
    there = {}
    for kind in SIGNALS.values():
        settings = {one.name: said(getattr(kind.signal(), one.name)) for one in fields(kind.signal)}
        weight = settings.pop("weight")
        there[kind.name] = ("refuses" if kind.denies else weight, settings)
    assert told == there


def test_what_stands_in_the_stead_of_a_signal_is_named():
    assert all(f"(`{name}`)" in TEXT for name in OTHERS)


def test_the_kinds_of_entries_are_those_that_there_are_and_their_examples_are_taken():
    kinds = {kind.strip("`"): re.findall(r"`([^`]+)`", examples) for kind, examples, _about in rows("kind")}
    assert list(kinds) == list(KINDS)
    assert all(read_entry("block", kind, typed) for kind, examples in kinds.items() for typed in examples)


def test_its_numbers_are_those_of_the_code():
    assert f"From {HELD_FROM / 100:.2f} on (`held_from`" in TEXT
    *some, last = map(str, DAYS)
    assert f"the last {', '.join(some)} or {last} days" in TEXT
    assert f"Of more than {MOST_TRIED:,} friends" in TEXT
    assert f"| `sightings` | {KEPT.days} days |" in TEXT
    bounds = " ".join(re.search(r"What these three look at is bounded.*?\n\n", TEXT, re.DOTALL).group(0).split())
    assert f"of refunds the newest {MOST_REFUNDS:,}, of a referrer's signups the newest {MOST_TOUCHES}, " in bounds
    assert f"among the program's newest {PROGRAM_CLICKS:,}, and of a link with fewer than {FEWEST_CLICKS} " in bounds
    assert f"purchases of the last {ORDER_DAYS} days" in TEXT
    assert f"links in the last {VISITOR_DAYS} days" in TEXT
    assert f"the newest {LINK_CLICKS} clicks on the link" in TEXT


def test_addresses_that_it_says_are_not_compared_are_not():
    inside = re.search(r"is not compared: (.*?)A site behind", TEXT, re.DOTALL).group(1)
    named = [network.partition("/")[0] for network in re.findall(r"`([^`]+)`", inside)]
    assert len(named) == 8
    assert not any(says_where(address) for address in named)


def test_its_links_and_paths_lead_somewhere():
    assert links_and_paths_that_lead_nowhere(FILE) == []
