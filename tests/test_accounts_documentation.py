"""docs/accounts.md is true: its times and limits are those of the code."""

import re

from tests.test_readme import links_and_paths_that_lead_nowhere
from webapp import limits
from webapp.config import ROOT
from webapp.passwords import LONGEST, SHORTEST
from webapp.services.mail_limits import MOST, PERIOD
from webapp.services.mailed_links import LIFETIMES

FILE = ROOT / "docs/accounts.md"
TEXT = FILE.read_text()


def test_every_link_is_good_for_as_long_as_it_says():
    units = {"minutes": 60, "hours": 3600, "days": 86400}
    said = re.findall(r"^\| `(\w+)` \| (\d+) (\w+) \|", TEXT, re.MULTILINE)
    assert {purpose: int(number) * units[unit] for purpose, number, unit in said} == {
        purpose: LIFETIMES[purpose].total_seconds() for purpose, _number, _unit in said
    }
    assert {"verify_email", "reset_password", "change_email"} <= {purpose for purpose, _number, _unit in said}


def test_limits_are_those_of_the_code():
    assert f"{SHORTEST} to {LONGEST} characters" in TEXT
    assert f"at most {MOST} an hour go to one person" in TEXT
    assert PERIOD.total_seconds() == 3600
    for limit, what in (
        (limits.SIGN_IN_FAILURES_OF_ACCOUNT, "failed sign-ins | {} in 15 minutes | account and network"),
        (limits.SIGN_IN_FAILURES_OF_NETWORK, "failed sign-ins | {} in 15 minutes | network"),
        (limits.SIGN_UPS, "sign-ups | {} an hour | network"),
        (limits.PASSWORD_REQUESTS, "requests for a forgotten password | {} an hour | network"),
    ):
        assert f"| {what.format(limit.amount)} |" in TEXT
        assert limit.get_expiry() == (900 if "minutes" in what else 3600)


def test_its_links_and_paths_lead_somewhere():
    assert links_and_paths_that_lead_nowhere(FILE) == []
