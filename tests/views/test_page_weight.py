"""What a first visit costs, compressed as the server sends it."""

import re
from uuid import uuid4

import brotli
import pytest

from tests import factories
from tests.conftest import browser
from tests.factories import PASSWORD
from webapp.clock import utc_now
from webapp.database import write_transaction

LIMIT_BYTES = 160_000
LIMIT_BYTES_WITH_CHARTS = 560_000
# As soon as there is something to draw.
WITH_CHARTS = {"/dashboard", "/analytics"}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "path",
    [
        *("/login", "/signup", "/dashboard", "/dashboard/referrals", "/dashboard/rewards", "/dashboard/links"),
        *("/settings/profile", "/analytics", "/admin"),
        "/admin/rules/new?kind=fixed_amount",
    ],
)
def test_a_first_visit_is_light(make_app, path):
    app = make_app(GRAPEVINE_ENV="production", BASE_URL="https://localhost")
    with app.app_context(), write_transaction() as session:
        marta = factories.person(session, email="marta@example.com", role="admin", password=PASSWORD)
        link = factories.link_of(session, marta)
        factories.click(session, link, visitor_id=uuid4(), now=utc_now())
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
    assert any("plotly" in file for file in files) == (path in WITH_CHARTS)
    assert sum(weights.values()) <= (LIMIT_BYTES_WITH_CHARTS if path in WITH_CHARTS else LIMIT_BYTES), weights
