"""A person's links over HTTP."""

import re
import secrets

import pytest
from flask_wtf import FlaskForm
from sqlalchemy import select

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, sign_in, submit
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Link, Program, User
from webapp.services.coupon_codes import add_coupon, retire_coupon
from webapp.services.erasure import erase_person
from webapp.services.links import MOST_LIVE_LINKS, retire_link
from webapp.signing import sealer

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

NEW = "/dashboard/links/new"


@pytest.fixture
def ada(app, house):
    client = browser(app)
    sign_in(client, "ada@example.com")
    return client


def links_of(app, user_id):
    with app.app_context():
        return db.session.scalars(select(Link).where(Link.referrer_id == user_id).order_by(Link.id)).all()


def make(client, **fields):
    return submit(client, "/dashboard/links", fields, page=NEW)


def test_a_link_is_made_with_a_name_and_a_code_and_stands_in_the_list(app, house, ada):
    response = make(ada, label="On the van", code="Ada-Bakes")
    assert (response.status_code, response.location) == (303, "/dashboard/links")
    page = ada.get("/dashboard/links").get_data(as_text=True)
    assert "The link Ada-Bakes works now." in page
    assert "On the van" in page
    assert "http://localhost/r/Ada-Bakes" in page
    # Said once.
    assert "works now" not in ada.get("/dashboard/links").get_data(as_text=True)
    assert browser(app).get("/r/ada-bakes").location == "/signup?ref=Ada-Bakes"


def test_a_coupon_code_stands_beside_the_links_until_it_is_retired(app, house, ada):
    assert "Your coupon code" not in ada.get("/dashboard/links").get_data(as_text=True)
    with app.app_context(), write_transaction() as session:
        for name, code in (("ada", "ADA-10"), ("ada", "AUTUMN-25"), ("bob", "BOB-10")):
            link = factories.link_of(session, session.get_one(User, house[name]))
            coupon = add_coupon(session, link, code, by=link.referrer_id, now=NOON)
            if code == "AUTUMN-25":
                retire_coupon(session, coupon, by=link.referrer_id, now=NOON)
    page = ada.get("/dashboard/links").get_data(as_text=True)
    assert "ADA-10" in page
    assert "AUTUMN-25" not in page
    assert "BOB-10" not in page


def test_a_link_without_a_code_gets_one_drawn(app, house, ada):
    assert make(ada).status_code == 303
    first, second = links_of(app, house["ada"])
    assert re.fullmatch("[0-9A-Z]{10}", second.code)
    assert (second.label, second.code != first.code) == (None, True)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"code": "ab"}, "Please choose at least 3 characters."),
        ({"code": "a" * 41}, "Please choose at most 40 characters."),
        ({"code": "Admin"}, "This word is kept for the site itself."),
        ({"code": "ada_bakes"}, "Only the letters A to Z, digits, and hyphens between them"),
        ({"code": "f-u-c-k"}, "This reads like a word that some friends would not want to get."),
        ({"code": "TAKEN-01"}, "Another link has this code, or one that reads like it."),
        ({"code": "taken-OL"}, "Another link has this code, or one that reads like it."),
        ({"label": "x" * 61}, "Please write at most 60 characters."),
        ({"label": "a\u202eb"}, "This holds invisible characters."),
    ],
)
def test_what_is_wrong_is_said_at_the_field_with_what_was_typed(app, house, ada, fields, says):
    with app.app_context(), write_transaction() as session:
        cara = session.get_one(Link, links_of(app, house["bob"])[0].id)
        cara.code, cara.code_key = "taken-01", "TAKEN-01"
    response = make(ada, **{"label": "Kept", **fields})
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert says in page
    assert 'aria-invalid="true"' in page
    assert f'value="{fields.get("code", fields.get("label"))}"' in page
    assert len(links_of(app, house["ada"])) == 1


def test_a_label_is_text_whatever_is_in_it(ada):
    make(ada, label="<script>alert(1)</script>")
    assert "<script>alert" not in ada.get("/dashboard/links").get_data(as_text=True)


def test_another_code_makes_a_second_link_and_the_first_goes_on(app, house, ada):
    make(ada, label="Van", code="ada-bakes")
    link = links_of(app, house["ada"])[1]
    edit = f"/dashboard/links/{link.id}/edit"
    assert 'value="ada-bakes"' in ada.get(edit).get_data(as_text=True)
    submit(ada, f"/dashboard/links/{link.id}", {"label": "Cart", "code": "ada-fries"}, page=edit)
    page = ada.get("/dashboard/links").get_data(as_text=True)
    assert "The link ada-fries works now, and ada-bakes goes on working too." in page
    for code in ("ada-bakes", "ada-fries"):
        assert browser(app).get(f"/r/{code}").status_code == 302
    submit(ada, f"/dashboard/links/{link.id}", {"label": "Bakery van", "code": "ada-bakes"}, page=edit)
    assert {one.label for one in links_of(app, house["ada"])} == {None, "Cart", "Bakery van"}


def test_a_code_that_was_drawn_may_stay_though_it_could_not_be_chosen(app, house, ada):
    link = links_of(app, house["ada"])[0]
    with app.app_context(), write_transaction() as session:
        stored = session.get_one(Link, link.id)
        stored.code = stored.code_key = "ADM1N"
    edit = f"/dashboard/links/{link.id}/edit"
    response = submit(ada, f"/dashboard/links/{link.id}", {"label": "First", "code": "ADM1N"}, page=edit)
    assert response.status_code == 303


def test_a_retired_link_works_for_nobody_and_keeps_its_figures(app, house, ada):
    make(ada, label="Van", code="ada-bakes")
    first, link = links_of(app, house["ada"])
    edit = f"/dashboard/links/{link.id}/edit"
    assert "Retire ada-bakes: it stops working" in ada.get(edit).get_data(as_text=True)
    submit(ada, f"/dashboard/links/{link.id}/retirement", {}, page=edit)
    page = ada.get("/dashboard/links").get_data(as_text=True)
    assert "The link ada-bakes is retired." in page
    assert "1 retired link" in page
    assert browser(app).get("/r/ada-bakes").status_code == 404
    for path in (edit, f"/dashboard/links/{link.id}/qr.svg"):
        assert ada.get(path).status_code == 404
    # The other one is the last.
    edit = f"/dashboard/links/{first.id}/edit"
    page = ada.get(edit).get_data(as_text=True)
    assert "This is your only link that works, so it stays." in page
    assert "/retirement" not in page
    response = submit(ada, f"/dashboard/links/{first.id}/retirement", {}, page=edit)
    assert response.status_code == 422
    assert browser(app).get(f"/r/{first.code}").status_code == 302


def test_the_dashboard_shows_the_oldest_link_that_works(app, house, ada):
    make(ada, code="ada-bakes")
    with app.app_context(), write_transaction() as session:
        retire_link(session, session.get_one(Link, links_of(app, house["ada"])[0].id), now=NOON)
    assert "http://localhost/r/ada-bakes</output>" in ada.get("/dashboard").get_data(as_text=True)


def test_with_as_many_links_as_one_may_have_no_other_is_offered_or_made(app, house, ada):
    with app.app_context(), write_transaction() as session:
        program = factories.program(session)
        session.add_all(
            Link(program_id=program.id, referrer_id=house["ada"], code=f"N{n}", code_key=f"N{n}", created_at=NOON)
            for n in range(MOST_LIVE_LINKS - 1)
        )
    page = ada.get("/dashboard/links").get_data(as_text=True)
    assert "You have 50 links, which is the most." in page
    assert NEW not in page
    response = make(ada, label="Kept")
    assert response.status_code == 422
    assert "You have 50 links, which is the most." in response.get_data(as_text=True)


def test_a_page_to_open_is_asked_for_only_where_the_program_leads_elsewhere(app, house, ada):
    assert "Page it opens" not in ada.get(NEW).get_data(as_text=True)
    make(ada, code="ada-one", destination="https://evil.example/")
    assert links_of(app, house["ada"])[1].destination_url is None
    with app.app_context(), write_transaction() as session:
        session.scalars(select(Program)).one().allowed_hosts = "shop.example"
    assert "A page of shop.example." in ada.get(NEW).get_data(as_text=True)
    response = make(ada, code="ada-two", destination="https://evil.example/")
    assert response.status_code == 422
    assert "The program does not lead there." in response.get_data(as_text=True)
    make(ada, code="ada-three", destination="https://shop.example/beans")
    assert browser(app).get("/r/ada-three").location.startswith("https://shop.example/beans?ref=ada-three")


@pytest.mark.parametrize(
    ("kind", "mimetype", "begins"), [("svg", "image/svg+xml", b"<?xml"), ("png", "image/png", b"\x89PNG")]
)
def test_a_qr_code_is_a_file_of_the_owner_alone(app, house, ada, kind, mimetype, begins):
    link = links_of(app, house["ada"])[0]
    response = ada.get(f"/dashboard/links/{link.id}/qr.{kind}")
    assert (response.status_code, response.mimetype) == (200, mimetype)
    assert response.headers["Content-Disposition"] == f"attachment; filename=qr-{link.code}.{kind}"
    assert response.data.startswith(begins)
    other = links_of(app, house["bob"])[0]
    assert ada.get(f"/dashboard/links/{other.id}/qr.{kind}").status_code == 404
    assert ada.get(f"/dashboard/links/{new_id()}/qr.{kind}").status_code == 404


def erased(app, user_id):
    with app.app_context(), write_transaction() as session:
        how = {"by": None, "reason": "asked", "gives_up": True, "choose": secrets.choice, "now": NOON}
        erase_person(session, session.get_one(User, user_id), sealer=sealer(), **how)


def test_no_link_is_changed_to_the_code_of_somebody_who_left(app, house, ada):
    with app.app_context():
        code = db.session.scalars(select(Link.code).where(Link.referrer_id == house["bob"])).first()
    erased(app, house["bob"])
    edit = f"/dashboard/links/{links_of(app, house['ada'])[0].id}"
    refused = submit(ada, edit, {"code": code}, page=f"{edit}/edit")
    assert refused.status_code == 422
    assert "Another link has this code" in refused.get_data(as_text=True)


@pytest.mark.parametrize("address", ["/dashboard/links", "/settings/profile"])
def test_nothing_is_written_about_whoever_is_erased_while_their_request_waits(app, house, ada, address, monkeypatch):
    validate = FlaskForm.validate_on_submit

    def validate_late(form):
        is_good = validate(form)
        if form.is_submitted():
            erased(app, house["ada"])
        return is_good

    monkeypatch.setattr(FlaskForm, "validate_on_submit", validate_late)
    page = NEW if address == "/dashboard/links" else address
    sent = {"label": "Ada's van", "code": "Ada-Bakes", "name": "Ada Okafor", "language": "", "theme": ""}
    assert submit(ada, address, sent, page=page).status_code == 403
    with app.app_context():
        assert db.session.get_one(User, house["ada"]).name == "Someone who left"
        assert db.session.scalar(select(Link.id).where(Link.code == "Ada-Bakes")) is None
