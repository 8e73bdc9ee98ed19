"""The store of the limits is a help, not a condition."""

import pytest

from tests.conftest import browser
from tests.factories import submit


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_store_that_is_away_closes_nothing_and_each_process_counts_for_itself(make_app):
    app = make_app(RATE_LIMIT_URL="redis://127.0.0.1:1/0")
    client = browser(app)
    statuses = [submit(client, "/login", {"email": "a@example.com", "password": "x"}).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]
    assert browser(app).get("/r/NOSUCHCODE").status_code == 404
    assert browser(app).get("/signup?ref=NOSUCHCODE").status_code == 200
