"""The password typed again: only the right one passes, and guessing it is limited as guessing at the sign-in is."""

import pytest
from flask import g
from flask_wtf import FlaskForm
from werkzeug.exceptions import TooManyRequests

from tests import factories
from tests.conftest import browser
from tests.factories import PASSWORD, submit
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.forms.password_again import PasswordAgain
from webapp.models import User

EMAIL = "ada@example.com"

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


class Form(PasswordAgain, FlaskForm):
    class Meta:
        csrf = False


@pytest.fixture
def typed(app):
    """Return what is wrong with a typed password: `typed(text)`."""
    with app.app_context(), write_transaction() as session:
        ada = factories.person(session, email=EMAIL, password=PASSWORD).id

    def problems(text, *, has_password=True):
        sent = {"data": {"current_password": text}, "environ_base": {"REMOTE_ADDR": "127.0.0.1"}}
        with app.test_request_context("/", method="POST", **sent):
            g._login_user = db.session.get_one(User, ada)
            if not has_password:
                g._login_user.password_hash = None
            form = Form()
            assert form.validate_on_submit() is not bool(form.errors)
            found = [str(problem) for problem in form.current_password.errors]
            db.session.rollback()
        return found

    return problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (PASSWORD, []),
        ("", ["Please write the password that you sign in with."]),
        (f"{PASSWORD} ", ["This is not your password."]),
        ("x" * 300, ["This is not your password."]),
    ],
)
def test_only_the_right_password_passes(typed, text, problem):
    assert typed(text) == problem


def test_who_has_none_is_told_to_choose_one(typed):
    assert typed("nobody has this password", has_password=False) == [
        "You have no password yet. Please choose one first, under “Sign-in”."
    ]


def test_wrong_ones_count_as_failed_sign_ins_and_right_ones_do_not(app, typed):
    for text in ["wrong", PASSWORD] * 9:
        typed(text)
    assert submit(browser(app), "/login", {"email": EMAIL, "password": "wrong"}).status_code == 422
    with pytest.raises(TooManyRequests):
        typed(PASSWORD)
