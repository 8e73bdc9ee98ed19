"""A NUL, which nobody can type and PostgreSQL cannot be asked for, breaks no page of an admin."""

import pytest
from sqlalchemy import select

from tests.factories import csrf_token
from tests.views.admin.test_rewards import decide
from webapp.extensions import db
from webapp.models import RewardNote


@pytest.mark.parametrize(
    "path", ["/admin/users?named=", "/admin/rewards?q=", "/admin/conversions?q=", "/admin/referrals?q="]
)
def test_a_search_is_for_the_rest_of_what_was_sent(work, path):
    assert "Bob" in work.page(f"{path}%00Bo%00b")
    assert "Bob" in work.page(f"{path}%00")


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/admin/users/search", {"named": "Bo\0b"}),
        ("/admin/searches", {"noun": "rewards", "q": "Bo\0b"}),
        ("/admin/searches", {"noun": "rewards", "q": "Bo\0b@example.com"}),
    ],
)
def test_looking_for_someone_leads_on(work, path, fields):
    token = csrf_token(work.page("/admin"))
    answer = work.client.post(path, data={"csrf_token": token, **fields})
    assert answer.status_code == 303
    assert "%00" not in answer.location


def test_a_note_is_kept_without_it(app, work):
    assert decide(work, "release", work.held, note="Fi\0ne").status_code == 303
    with app.app_context():
        assert db.session.scalars(select(RewardNote.text)).one() == "Fine"
