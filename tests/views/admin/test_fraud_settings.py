"""The settings of the signals: what is typed, what of it is kept, and a trial on the past beforehand."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests import factories, money
from tests.factories import NOON, csrf_token
from tests.services.test_screening import within_a_second
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Program

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

ADDRESS = "/admin/fraud/settings"
BY_DEFAULT = {"signals": {}, "held_from": 50, "second_admin_from_minor": None}


@pytest.fixture
def default(app):
    """A program that suspects by the defaults."""
    with app.app_context(), write_transaction() as session:
        session.execute(update(Program).values(**BY_DEFAULT))


def stored(app):
    with app.app_context():
        row = db.session.scalars(select(Program)).one()
        return {name: getattr(row, name) for name in BY_DEFAULT}


def fields_of(page):
    """Return what a browser would send of the form."""
    form = re.search(r'<form id="signal-settings".*?</form>', page, re.DOTALL).group(0)
    sent = {}
    for tag in re.findall(r"<input[^>]*>", form):
        sent[re.search(r'name="([^"]+)"', tag).group(1)] = re.search(r'value="([^"]*)"', tag).group(1)
    sent |= dict(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\s*([^<]*)</textarea>', form))
    return sent | {"days": "90"}


def send(client, to="", **typed):
    page = client.get(ADDRESS).get_data(as_text=True)
    return client.post(ADDRESS + to, data=fields_of(page) | typed)


def test_every_signal_stands_there_with_its_meaning_and_nothing_is_kept_that_was_not_changed(app, marta, default, acts):
    page = marta.get(ADDRESS).get_data(as_text=True)
    shown = words(page)
    assert "16 signals look at every friend" in shown
    assert shown.count("Refuses by itself") == 3
    assert "Paid" not in shown
    assert fields_of(page)["too_fast__weight"] == "0.60"
    assert "same_person__weight" not in page
    assert "Changed" not in shown
    assert send(marta).status_code == 303
    assert stored(app) == BY_DEFAULT
    assert acts() == []


def test_what_differs_is_kept_and_written_into_the_audit_log(app, marta, default, acts):
    sent = send(
        marta,
        too_fast__weight="off",
        velocity__weight=".4",
        velocity__day="30",
        banned_source__hosts="Coupons.example\n\ndeals.example \ncoupons.example",
        held_from="0.6",
        second_admin_from="250",
    )
    assert (sent.status_code, sent.location) == (303, ADDRESS)
    assert stored(app) == {
        "signals": {
            "too_fast": {"weight": 0},
            "velocity": {"weight": 40, "day": 30},
            "banned_source": {"hosts": ["coupons.example", "deals.example"]},
        },
        "held_from": 60,
        "second_admin_from_minor": 25000,
    }
    ((action, _subject, details),) = acts()
    assert action == "signals_changed"
    assert details["velocity"] == {"weight": {"from": 50, "to": 40}, "day": {"from": 20, "to": 30}}
    assert "coupons" not in str(details)
    said = words(marta.get("/admin/audit").get_data(as_text=True))
    assert "Marta Voss changed how friends are looked at: Came from a banned site, Signed up within moments" in said
    shown = marta.get(ADDRESS).get_data(as_text=True)
    assert "15 of 16 signals look at every friend" in words(shown)
    assert words(shown).count("Changed") == 3
    assert fields_of(shown)["second_admin_from"] == "250.00"
    send(marta, second_admin_from="")
    assert stored(app)["second_admin_from_minor"] is None


@pytest.mark.parametrize(
    ("name", "typed", "problem"),
    [
        ("too_fast__weight", "0.405", "Please write a number from 0 to 1, as in 0.40, or “off”."),
        ("too_fast__weight", "1.01", "Please write a number from 0 to 1, as in 0.40, or “off”."),
        ("too_fast__weight", "", "Please write a number from 0 to 1, as in 0.40, or “off”."),
        ("velocity__day", "-1", "Please write a whole number from 0 to 1000000."),
        ("banned_source__hosts", "https://coupons.example/", "“https://coupons.example/” is not a host."),
        ("held_from", "0", "Please write a number from 0.01 to 1, as in 0.50."),
        ("second_admin_from", "much", "Please write an amount, as in 20.00."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_all_that_was_typed_stays(app, marta, default, name, typed, problem):
    sent = send(marta, **{"similar_mail__weight": "0.77", name: typed})
    page = sent.get_data(as_text=True)
    assert sent.status_code == 422
    control = re.search(rf'<(?:input|textarea)[^>]*name="{name}"[^>]*>', page).group(0)
    assert f'aria-describedby="{name}-error"' in control
    assert problem in words(re.search(rf'<p[^>]*id="{name}-error".*?</p>', page, re.DOTALL).group(0))
    assert fields_of(page)[name].strip() == typed
    assert fields_of(page)["similar_mail__weight"] == "0.77"
    assert stored(app) == BY_DEFAULT


def test_one_signal_goes_back_to_its_default_and_what_else_was_typed_stays(app, marta, default):
    send(marta, too_fast__weight="0.1", velocity__day="9")
    page = send(marta, "/defaults", signal="too_fast", similar_mail__weight="0.5").get_data(as_text=True)
    typed = fields_of(page)
    assert (typed["too_fast__weight"], typed["velocity__day"], typed["similar_mail__weight"]) == ("0.60", "9", "0.5")
    assert stored(app)["signals"] == {"too_fast": {"weight": 10}, "velocity": {"day": 9}}
    marta.post(ADDRESS, data=typed)
    assert stored(app)["signals"] == {"velocity": {"day": 9}, "similar_mail": {"weight": 50}}
    assert send(marta, "/defaults", signal="nonsense").status_code == 404


def test_settings_that_cannot_be_read_are_said_and_can_be_put_right(app, marta, default):
    with app.app_context(), write_transaction() as session:
        session.execute(update(Program).values(signals={"brain_waves": {"weight": 90}}))
    page = words(marta.get(ADDRESS).get_data(as_text=True))
    assert "What is stored cannot be read, so every friend is held." in page
    assert "brain_waves is no fraud signal" in page
    assert send(marta).status_code == 303
    assert stored(app) == BY_DEFAULT


@pytest.fixture
def fast(app, marta, default):
    """A friend who signed up within a second, and is held."""
    with app.app_context(), write_transaction() as session:
        money.publish(session, trigger="signup", **{name: money.TEN_DOLLARS[name] for name in ("kind", "settings")})
        ada = factories.person(session, now=NOON - timedelta(days=30))
        within_a_second(session, ada.id)


def test_settings_are_tried_on_the_past_and_nothing_is_saved(app, marta, fast, time_machine, statements):
    time_machine.move_to(NOON + timedelta(minutes=1), tick=False)
    page = marta.get(ADDRESS).get_data(as_text=True)
    statements.clear()
    sent = marta.post(ADDRESS + "/trial", data=fields_of(page) | {"too_fast__weight": "off"})
    assert len(statements) <= 12
    found = words(sent.get_data(as_text=True))
    assert "Would have held 0 of 1 friend; as it is set now: 1" in found
    assert "No longer held 1 0 0 1" in found
    assert fields_of(sent.get_data(as_text=True))["too_fast__weight"] == "off"
    assert stored(app) == BY_DEFAULT
    # htmx gets the part, which names the signal that holds.
    headers = {"HX-Request": "true"}
    part = marta.post(ADDRESS + "/trial", data=fields_of(page), headers=headers).get_data(as_text=True)
    assert part.lstrip().startswith('<section id="trial"')
    assert "Signed up within moments of the click 1 1 0 0" in words(part)
    time_machine.move_to(NOON + timedelta(days=8), tick=False)
    later = marta.post(ADDRESS + "/trial", data=fields_of(page) | {"days": "7"}).get_data(as_text=True)
    assert "No friend came in the last 7 days" in words(later)


def test_what_is_wrong_is_not_tried_but_said_at_its_field_also_in_the_part(marta, default):
    page = marta.get(ADDRESS).get_data(as_text=True)
    headers = {"HX-Request": "true"}
    for wrong in ({"too_fast__weight": "much"}, {"days": "8"}):
        sent = marta.post(ADDRESS + "/trial", data=fields_of(page) | wrong, headers=headers)
        assert (sent.status_code, sent.headers["HX-Retarget"]) == (422, "#signal-settings")
        part = sent.get_data(as_text=True)
        assert part.lstrip().startswith('<form id="signal-settings"')
        assert "One field needs another look" in words(part)


def test_the_settings_are_in_the_language_of_the_reader(marta, default, app):
    page = marta.get(ADDRESS, headers={"Accept-Language": "de"}).get_data(as_text=True)
    typed = fields_of(page)
    assert typed["too_fast__weight"] == "0,60"
    typed["velocity__weight"] = "0,45"
    assert csrf_token(page)
    assert marta.post(ADDRESS, data=typed, headers={"Accept-Language": "de"}).status_code == 303
    assert stored(app)["signals"] == {"velocity": {"weight": 45}}
