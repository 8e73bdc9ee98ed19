"""Keys of the API: made, shown once, revoked."""

import re

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON, submit
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import ApiKey
from webapp.services.keys import create_key

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

FORM = {"name": "shop checkout", "scope": "write"}


def make(marta, **fields):
    return submit(marta, "/admin/keys", {**FORM, **fields}, page="/admin/keys/new")


def keys(app):
    with app.app_context():
        return db.session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.id)).all()


def calls(app, secret):
    return app.test_client().get("/api/v1/referrals", headers={"Authorization": f"Bearer {secret}"}).status_code


def test_a_key_is_shown_once_and_opens_the_api_until_it_is_revoked(app, marta, acts):
    made = make(marta)
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    (secret,) = re.findall(r"gvk_[\w-]{43}", made.get_data(as_text=True))
    assert calls(app, secret) == 200
    (key,) = keys(app)
    for path in ("/admin/keys", f"/admin/keys/{key.id}/revocation", "/admin/audit"):
        assert secret not in marta.get(path).get_data(as_text=True)

    revoked = submit(marta, f"/admin/keys/{key.id}/revocation", {})
    assert (revoked.status_code, revoked.location) == (303, "/admin/keys")
    assert calls(app, secret) == 401
    assert "“shop checkout” is revoked." in words(marta.get("/admin/keys").get_data(as_text=True))
    assert "is revoked." not in words(marta.get("/admin/keys").get_data(as_text=True)), "it is said once"
    assert acts() == [("key_created", key.id, {"scope": "write"}), ("key_revoked", key.id, {"scope": "write"})]


def test_revoking_twice_is_one_act(app, marta, acts):
    make(marta)
    (key,) = keys(app)
    page = marta.get(f"/admin/keys/{key.id}/revocation").get_data(as_text=True)
    for _ in range(2):
        token = {"csrf_token": factories.csrf_token(page)}
        assert marta.post(f"/admin/keys/{key.id}/revocation", data=token).status_code == 303
    assert [action for action, *_rest in acts()] == ["key_created", "key_revoked"]
    assert marta.get(f"/admin/keys/{key.id}/revocation").location == "/admin/keys?state=revoked"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " "}, "Please say what the key is for"),
        ({"name": "x" * 81}, "Please write at most 80 characters"),
        ({"name": "a\u200bb"}, "invisible characters"),
        ({"scope": "admin"}, "Please choose what the key may do"),
        ({"scope": ""}, "Please choose what the key may do"),
    ],
)
def test_what_is_wrong_is_said_and_no_key_is_made(app, marta, acts, fields, sentence):
    response = make(marta, **fields)
    assert response.status_code == 422
    assert sentence in words(response.get_data(as_text=True))
    assert keys(app) == []
    assert acts() == []


def test_fields_that_the_form_does_not_have_change_nothing(app, marta):
    make(marta, id=str(new_id()), key_hash="0" * 64, program_id=str(new_id()), revoked_at="2026-01-01")
    (key,) = keys(app)
    assert (key.key_hash != "0" * 64, key.revoked_at, key.created_at) == (True, None, NOON)


def test_a_key_of_another_program_is_not_there(app, marta):
    with app.app_context(), write_transaction() as session:
        other = factories.other_program(session)
        key_id = create_key(session, other, name="theirs", scope="read", secret="gvk_theirs", now=NOON).id
    assert "theirs" not in marta.get("/admin/keys").get_data(as_text=True)
    for unknown in (key_id, new_id()):
        path = f"/admin/keys/{unknown}/revocation"
        assert marta.get(path).status_code == 404
        assert submit(marta, path, {}, page="/admin/keys").status_code == 404
    assert calls(app, "gvk_theirs") == 200


def test_the_list_says_who_made_each_key_and_goes_on_in_parts(app, marta, page):
    with app.app_context(), write_transaction() as session:
        for number in range(60):
            by = marta.user_id if number == 59 else None
            create_key(
                session,
                factories.program(session),
                name=f"key {number}",
                scope="read",
                secret=str(number),
                by=by,
                now=NOON,
            )
    first = marta.get("/admin/keys").get_data(as_text=True)
    assert "60 keys open the API" in first
    assert "Only reads · made Nov 22 by Marta Voss" in words(first)
    assert "made Nov 22 from the command line" in words(first)
    (older,) = re.findall(r'hx-get="([^"]+)"', first)
    part = marta.get(older, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in part
    assert part.count('class="key-row"') == 10
    assert marta.get("/admin/keys?before=nothing").status_code == 404


def test_a_first_day_without_keys_says_what_they_are_for(page):
    said = page("/admin/keys")
    assert "No key opens the API yet" in said
    assert "Make the first key" in said
