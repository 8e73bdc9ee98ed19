"""What a first visit costs, compressed as the server sends it."""

import re
from uuid import uuid4

import brotli
import pytest

from tests import factories, money
from tests.conftest import browser
from tests.factories import PASSWORD
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.queries.people import find_by_email

LIMIT_BYTES = 160_000
# Plotly's smallest bundle is most of it.
LIMIT_BYTES_WITH_CHARTS = 560_000


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "path",
    [
        *("/login", "/signup", "/dashboard", "/dashboard/referrals", "/dashboard/rewards", "/dashboard/links"),
        *("/settings/profile", "/admin/rules/new?kind=fixed_amount", "/admin/rewards", "/admin/conversions"),
    ],
)
def test_a_first_visit_is_light(make_app, path):
    weights = weights_of_a_first_visit(make_app, path)
    assert not any("plotly" in file for file in weights)
    assert sum(weights.values()) <= LIMIT_BYTES, weights


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/admin", "/analytics", "/dashboard"])
def test_a_first_visit_with_a_chart_is_not_heavy(make_app, path):
    def earn(session):
        money.publish(session, now=utc_now())
        link = factories.link_of(session, find_by_email(session, "marta@example.com"))
        factories.click(session, link, visitor_id=uuid4(), now=utc_now())
        _ada, bob = money.ada_and_bob(session, now=utc_now())
        money.buy(session, bob, at=utc_now())

    weights = weights_of_a_first_visit(make_app, path, earn)
    assert any("plotly" in file for file in weights)
    assert sum(weights.values()) <= LIMIT_BYTES_WITH_CHARTS, weights


def weights_of_a_first_visit(make_app, path, fill=lambda _session: None):
    """Return the bytes of a page and of each file that it asks for, once the house is filled."""
    app = make_app(GRAPEVINE_ENV="production", BASE_URL="https://localhost", ADMIN_SECOND_FACTOR="optional")
    with app.app_context(), write_transaction() as session:
        factories.person(session, email="marta@example.com", role="admin", password=PASSWORD)
        fill(session)
    client = browser(app)
    client.environ_base |= {"wsgi.url_scheme": "https", "HTTP_HOST": "localhost"}
    if path not in {"/login", "/signup"}:
        factories.sign_in(client, "marta@example.com")
    page = client.get(path).data
    files = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page.decode()))
    assert len(files) >= 4
    weights = {"the page": len(brotli.compress(page, quality=5))}
    for file in sorted(files):
        with client.get(file, headers={"Accept-Encoding": "br"}) as response:
            assert response.status_code == 200, file
            assert re.search(r"\.[0-9a-f]{12}\.\w+$", file), f"{file} has no hashed name"
            assert "immutable" in response.headers["Cache-Control"]
            weights[file] = len(response.data)
    return weights
