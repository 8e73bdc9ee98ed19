"""Requests made from the specification, right ones and wrong ones: every answer is one that it allows."""

from datetime import UTC, timedelta, timezone

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from limits import RateLimitItemPerSecond
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sqlalchemy import update

from tests import factories
from tests.factories import NOON
from tests.views.api.caller import API
from webapp.database import write_transaction
from webapp.models import Link
from webapp.views.api.operations import OPERATIONS
from webapp.views.api.schemas import AHEAD, EARLIEST

pytestmark = pytest.mark.slow

# Besides some 700 requests that schemathesis makes of every schema: for each operation, right and wrong together.
EXAMPLES = 10


def _in_zone(at, minutes):
    return at.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes))).isoformat()


# A schema can say that something is a moment, not that it lies between the year 2000 and five minutes from now.
EARLIEST_AND_LATEST = EARLIEST.replace(tzinfo=None), (NOON + AHEAD).replace(tzinfo=None)
MINUTES_OF_A_DAY = 24 * 60
schemathesis.openapi.format(
    "date-time",
    st.builds(_in_zone, st.datetimes(*EARLIEST_AND_LATEST), st.integers(1 - MINUTES_OF_A_DAY, MINUTES_OF_A_DAY - 1)),
)

# A body is read before anything is looked up, so a 409, which schemathesis would let pass, means that it was taken.
REFUSES_WRONG_DATA = [400, 401, 404, 405, 415, 422]
CONFIG = SchemathesisConfig.from_dict(
    {"seed": 1, "checks": {"negative_data_rejection": {"expected-statuses": REFUSES_WRONG_DATA}}}
)


@pytest.fixture
def served(api, publish, monkeypatch, request):
    """The specification as the site serves it; its examples have happened, so that there is something to be found."""
    monkeypatch.setattr("webapp.limits.API_CALLS", RateLimitItemPerSecond(1_000_000))
    api.app.config["PROPAGATE_EXCEPTIONS"] = False
    # Where schemathesis looks for a test's name; since pytest 9.2 it is kept elsewhere.
    request.node._nodeid = request.node.nodeid
    publish()
    welcome = {"key": "welcome", "trigger": "purchase", "beneficiary": "friend", "kind": "fixed_amount"}
    publish(**welcome, settings={"amount": 10_000, "currency": "USD"}, reward="credit", hold_days=0)
    with api.app.app_context(), write_transaction() as session:
        factories.person(session, email="ada@example.com")
        session.execute(update(Link).values(code="7KX2MWRT9P", code_key="7KX2MWRT9P"))
    # What a dispute takes is spent before.
    for operation in sorted(OPERATIONS, key=lambda one: "disputes" in one.path):
        if operation.body and "reward_id" not in operation.path:
            event_id = "dsp_1" if "disputes" in operation.path else "spent_1"
            path = operation.path.format(external_id="cus_1", event_id=event_id)
            assert api.post(path, operation.example).status_code == 201
    return schemathesis.openapi.from_wsgi(f"{API}/openapi.json", api.app, config=CONFIG)


def is_beyond_a_schema(sent, response):
    """Say whether a request that fits its schema was refused for something that JSON Schema has no words for."""
    if response.status_code != 422:
        return False
    error, *others = response.json()["errors"]
    if others:
        return False
    match error["loc"]:
        case ["cursor"]:
            # Any UUID could be one; which ones are, only the page before knows.
            return "next" in error["msg"]
        case ["order_id"]:
            # Whether an order has several conversions depends on what was reported before.
            return error["msg"].startswith("names several conversions")
        case ["amount"] if error["msg"].startswith("is more than"):
            # How much store credit there is depends on what was reported before.
            return True
        case ["amount"]:
            # To JSON Schema 4999.0 is an integer. Here amounts are whole numbers, written as such.
            return isinstance(amount := sent.get("amount"), float) and amount.is_integer()
    return False


# On the engine that takes less: no character U+0000, no larger number than its column has room for.
@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
@schemathesis.pytest.from_fixture("served").parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    # Slow is what other processes make it.
    suppress_health_check=[HealthCheck.too_slow],
)
def test_every_answer_is_one_that_the_specification_allows(api, case):
    headers = {"Authorization": f"Bearer {api.secret}"}
    response = case.call(headers=headers)
    excluded = [positive_data_acceptance] if is_beyond_a_schema(case.body, response) else []
    case.validate_response(response, headers=headers, excluded_checks=excluded, transport_kwargs={"headers": headers})
