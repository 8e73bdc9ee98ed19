"""The settings of the program."""

import re

import pytest

from tests import factories
from tests.conftest import browser
from tests.factories import submit
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.queries.programs import settings_of

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

FORM = {
    "name": "Grapevine",
    "currency": "USD",
    "time_zone": "UTC",
    "landing_url": "/signup",
    "allowed_hosts": "",
    "attribution_model": "last",
    "window_days": "60",
    "hold_days": "30",
    "keep_clicks_days": "400",
    "consent_mode": "cookie",
}


def save(marta, **fields):
    return submit(marta, "/admin/settings", FORM | fields)


def settings(app):
    with app.app_context():
        return settings_of(factories.program(db.session()))


def test_a_new_landing_page_counts_for_the_next_click_and_everything_else_is_kept(app, marta, acts):
    with app.app_context(), write_transaction() as session:
        code = factories.link_of(session, factories.person(session)).code
    saved = save(
        marta,
        name="Fernhill Coffee",
        landing_url="https://fernhill.example/hello",
        allowed_hosts="Shop.example\r\n\r\nshop.example:8443\r\nshop.example\r\n",
        attribution_model="first",
        window_days="7",
        hold_days="0",
        keep_clicks_days="30",
        currency="EUR",
        time_zone="Europe/Berlin",
    )
    assert (saved.status_code, saved.location) == (303, "/admin/settings")
    assert "Saved. It holds for what happens from now on" in words(marta.get("/admin/settings").get_data(as_text=True))
    click = browser(app).get(f"/r/{code}")
    assert click.location.startswith(f"https://fernhill.example/hello?ref={code}&gv=")
    assert "Max-Age=604800" in click.headers["Set-Cookie"]
    now = settings(app)
    assert (now.name, now.currency, now.time_zone) == ("Fernhill Coffee", "EUR", "Europe/Berlin")
    assert (now.allowed_hosts, now.attribution_model) == ("shop.example\nshop.example:8443", "first")
    ((action, _subject, details),) = acts()
    assert action == "settings_changed"
    assert "fernhill" not in str(details).lower()
    assert (details["window_days"], details["hold_days"]) == ({"from": 60, "to": 7}, {"from": 30, "to": 0})
    assert details["keep_clicks_days"] == {"from": 400, "to": 30}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " "}, "Please write what the program is called"),
        ({"name": "x" * 61}, "at most 60 characters"),
        ({"currency": "XXX"}, "Please choose one of the currencies."),
        ({"time_zone": "Mars/Olympus"}, "Please choose one of the time zones."),
        ({"landing_url": ""}, "Please write where links lead"),
        ({"landing_url": "javascript:alert(1)"}, "Links can only lead to a page"),
        ({"landing_url": "//evil.example"}, "Links can only lead to a page"),
        ({"landing_url": "data:text/html,x"}, "Links can only lead to a page"),
        ({"landing_url": "https://a@b.example"}, "Links can only lead to a page"),
        ({"landing_url": "signup"}, "Links can only lead to a page"),
        ({"allowed_hosts": "shop.example\nhttps://x.example/"}, "“https://x.example/” is not a host."),
        ({"allowed_hosts": "*.example"}, "“*.example” is not a host."),
        ({"attribution_model": "linear"}, "Please choose who is credited."),
        ({"consent_mode": "always"}, "Please choose what visitors’ browsers remember."),
        ({"window_days": "0"}, "a whole number of days from 1 to 400"),
        ({"window_days": "1.5"}, "a whole number of days from 1 to 400"),
        ({"hold_days": "401"}, "a whole number of days from 0 to 400"),
        ({"hold_days": ""}, "a whole number of days from 0 to 400"),
        ({"keep_clicks_days": "29"}, "a whole number of days from 30 to 4000"),
        ({"keep_clicks_days": "4001"}, "a whole number of days from 30 to 4000"),
        ({"keep_clicks_days": ""}, "a whole number of days from 30 to 4000"),
        ({"keep_clicks_days": "60"}, "The window above is 61 days. Please keep clicks at least as long"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved(app, marta, acts, fields, sentence):
    before = settings(app)
    response = save(marta, **({"window_days": "61"} | fields))
    assert response.status_code == 422
    said = words(response.get_data(as_text=True))
    assert "One field needs another look." in said
    assert sentence in said
    assert settings(app) == before
    assert acts() == []


def test_what_figures_rest_on_is_fixed_and_says_why(app, marta, acts):
    with app.app_context(), write_transaction() as session:
        factories.join(session, factories.CameBy())
    page = marta.get("/admin/settings").get_data(as_text=True)
    assert "days were counted by it already" in words(page)
    # A browser sends nothing for a control that is disabled.
    without = {name: value for name, value in FORM.items() if name != "time_zone"}
    assert submit(marta, "/admin/settings", without | {"hold_days": "7"}).status_code == 303
    assert (settings(app).time_zone, settings(app).hold_days) == ("UTC", 7)
    forged = save(marta, time_zone="Europe/Berlin", hold_days="8")
    assert forged.status_code == 422
    assert (settings(app).time_zone, settings(app).hold_days) == ("UTC", 7)
    assert len(acts()) == 1


def test_fields_that_the_form_does_not_have_change_nothing(app, marta):
    save(marta, slug="mine", id="1", rules_revision="x", created_at="2020-01-01", hold_days="7")
    with app.app_context():
        program = factories.program(db.session())
        assert (program.slug, program.hold_days, program.rules_revision) == ("default", 7, None)


def test_saving_what_is_there_is_no_act(marta, acts):
    assert save(marta).status_code == 303
    assert "Nothing was different" in words(marta.get("/admin/settings").get_data(as_text=True))
    assert acts() == []


def test_what_browsers_remember_counts_from_the_next_click_and_the_log_says_so(app, marta, acts):
    with app.app_context(), write_transaction() as session:
        code = factories.link_of(session, factories.person(session)).code
    assert save(marta, consent_mode="none").status_code == 303
    assert "gv_visitor" not in str(browser(app).get(f"/r/{code}").headers)
    ((_action, _subject, details),) = acts()
    assert details["consent_mode"] == {"from": "cookie", "to": "none"}
    said = words(marta.get("/admin/audit").get_data(as_text=True))
    assert "changed the settings: the consent of visitors from “remembered at once” to “never remembered”" in said
    page = marta.get("/admin/settings").get_data(as_text=True)
    assert re.search(r'name="consent_mode"\s+value="none"\s+checked', page)
    # Whoever sends the other fields alone leaves it as it is.
    without = {name: value for name, value in FORM.items() if name != "consent_mode"}
    assert submit(marta, "/admin/settings", without | {"hold_days": "7"}).status_code == 303
    assert settings(app).consent_mode == "none"
