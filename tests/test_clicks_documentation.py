"""docs/clicks.md names what there is: every reason, every column, every metric, and nothing else."""

import re

from prometheus_client.parser import text_string_to_metric_families

from tests.factories import NOON
from webapp.config import ROOT
from webapp.metrics import NOT_COUNTED, Metrics
from webapp.models import Click
from webapp.queries.last_times import LastTime
from webapp.queries.watched import Watched
from webapp.views.machines import as_seen

TEXT = (ROOT / "docs/clicks.md").read_text()


def table(heading):
    """Return the words in code of the first column of the table that begins with this heading."""
    rows = TEXT.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [re.findall(r"`([\w ]+)`", row.split("|")[1]) for row in rows]


def test_it_gives_every_reason_not_to_count_in_order():
    assert [reason for (reason,) in table("reason")] == list(NOT_COUNTED)


def test_it_names_every_column_of_a_click():
    ours = {"id", "new_today", "new_on_link", "is_repeat"}
    named = {name for row in table("column of `clicks`") for name in row}
    assert named == {column.name for column in Click.__table__.columns} - ours


def test_it_names_every_metric():
    metrics = Metrics()
    metrics.http_request_duration.observe(1, route="/", method="GET")
    metrics.job_succeeded.at(1, job="mature-rewards")
    once = LastTime(NOON, 0)
    told = metrics.as_text(version="1", seen=as_seen(0, Watched(0, 0, 0, once, once))).decode()
    there = {
        family.name + ("_total" if family.type == "counter" else "") for family in text_string_to_metric_families(told)
    }
    assert {name for row in table("metric") for name in row} == there
