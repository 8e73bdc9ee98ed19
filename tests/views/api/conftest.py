"""Two programs on one site, each with keys of its own, and people in them. The clock stands still at NOON."""

import pytest

from tests import factories, money
from tests.factories import NOON
from tests.views.api.caller import SIGNUP, Caller
from webapp.database import write_transaction
from webapp.models import Program
from webapp.queries.programs import find_program
from webapp.services.keys import create_key
from webapp.services.rules import publish_rules


@pytest.fixture
def beginning():
    """Its staff is another one."""


@pytest.fixture
def clock(time_machine):
    """Moves the clock; it does not go by itself."""
    time_machine.move_to(NOON, tick=False)
    return time_machine


@pytest.fixture
def keys(app, clock):
    """Make a caller with a key of its own: `keys("shop", scope="read", program="other")`."""

    def make(name, *, scope="write", program="default"):
        secret = f"gvk_{program}_{name}"
        with app.app_context(), write_transaction() as session:
            found = find_program(session, program)
            create_key(session, found, name=name, scope=scope, secret=secret, now=NOON)
        return Caller(app, secret)

    return make


@pytest.fixture
def api(keys):
    """The program of the business, which may write."""
    return keys("shop")


@pytest.fixture
def elsewhere(app, keys):
    """The program of another business on the same site."""
    with app.app_context(), write_transaction() as session:
        session.add(
            Program(
                slug="other",
                name="Other",
                currency="USD",
                time_zone="UTC",
                landing_url="/signup",
                attribution_model="last",
                window_days=60,
                hold_days=30,
                created_at=NOON,
            )
        )
    return keys("shop", program="other")


@pytest.fixture
def publish(app, clock):
    """Publish a rule, 20% of each purchase for the referrer unless told otherwise: `publish(kind=…, program=…)`."""

    def publish_rule(*, program="default", **overrides):
        with app.app_context(), write_transaction() as session:
            found, wanted = find_program(session, program), [money.rule(**overrides)]
            publish_rules(session, found, wanted, prune=False, note="", by=None, now=money.LIVE)

    return publish_rule


@pytest.fixture
def ada(api):
    """A referrer, as the API answered when she signed up."""
    return api.post("/signups", {"external_id": "ada", "email": "ada@example.com", "name": "Ada Okafor"}).get_json()


@pytest.fixture
def bob(api, ada):
    """A friend, cus_1, who typed Ada's code when he signed up."""
    return api.post("/signups", SIGNUP | {"referral_code": ada["user"]["referral_code"]}).get_json()


@pytest.fixture
def staff(app, clock):
    """A marketer and an admin, whom the business knows as well."""
    with app.app_context(), write_transaction() as session:
        for role in ("marketer", "admin"):
            person = factories.person(session, name="Jo Winter", email=f"{role}@example.com", role=role)
            person.external_id = role
