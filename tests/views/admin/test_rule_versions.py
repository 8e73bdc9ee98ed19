"""The past of reward rules: the program as of a day, one version, and any two beside each other."""

from time import process_time

import pytest

from tests import factories
from tests.factories import NOON
from tests.money import DAY, TEN_DOLLARS, publish
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.ids import new_id
from webapp.queries.rules import find_rule_id
from webapp.services.rules import change_rule_state

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def past(app, staff):
    """Two rules: 20%, which became 30% and then paused, and ten dollars, which came on the last day of October."""
    with app.app_context(), write_transaction() as session:
        publish(session, hold_days=30, now=NOON - 60 * DAY)
        publish(session, hold_days=30, name="30%!", settings={"percent": "30"}, now=NOON - 40 * DAY)
        publish(session, **TEN_DOLLARS, now=NOON - 22 * DAY, ends_at=NOON + DAY)
        program = factories.program(session)
        rule_id = find_rule_id(session, program.id, "twenty-percent")
        change_rule_state(session, program, rule_id, "paused", after=2, note="too dear", by=None, now=NOON - 10 * DAY)
    return f"/admin/rules/{rule_id}"


def page(admin, path):
    response = admin.get(path)
    assert response.status_code == 200, path
    return response.get_data(as_text=True)


def test_the_program_as_of_a_day_says_what_held_at_its_end(admin, past):
    # Sixty days before NOON is 23 September, forty are 13 October, 22 are the last day of October, ten 12 November.
    assert "There was no rule yet" in page(admin, "/admin/rules?as_of=2026-09-22")
    first = page(admin, "/admin/rules?as_of=2026-09-23")
    said = words(first)
    assert "1 reward rule was live at the end of September 23" in said
    assert "This is the past. Nothing on this page can be changed any more." in said
    assert "20% of each purchase" in said
    assert "until Oct 13 at 12:00" in said
    assert "One rule was published only later." in said
    assert f'href="{past}/versions/1"' in first
    assert f'href="{past}/comparison?a=1&amp;b=3"' in first
    assert "/edit" not in first
    assert "30%!" in words(page(admin, "/admin/rules?as_of=2026-10-13"))
    two = words(page(admin, "/admin/rules?as_of=2026-10-31"))
    assert "2 reward rules were live at the end of October 31" in two
    assert "Until before Nov 23, 2026 at 12:00" in two
    # Paused, and so the ten dollars are the only ones.
    assert "1 reward rule was live" in words(page(admin, "/admin/rules?as_of=2026-11-12"))


def test_the_program_as_of_a_moment_changes_with_the_very_moment(admin, past):
    assert "20% of each purchase" in words(page(admin, "/admin/rules?as_of=2026-10-13T11:59"))
    at_noon = words(page(admin, "/admin/rules?as_of=2026-10-13T12:00"))
    assert "30%!" in at_noon
    assert "was live on Oct 13, 2026 at 12:00" in at_noon
    ahead = words(page(admin, "/admin/rules?as_of=2027-01-01"))
    assert "That moment is yet to come." in ahead
    assert "This is the past" not in ahead


def test_what_is_no_day_shows_the_rules_as_they_are(admin, past):
    assert "This is the past" not in page(admin, "/admin/rules?as_of=2026-02-30")
    assert 'name="as_of"' in page(admin, "/admin/rules")


def test_a_version_says_all_that_it_said_and_when_it_held(admin, past):
    shown = page(admin, f"{past}/versions/2")
    said = words(shown)
    assert "Version 2 of “30%!”" in said
    assert "This is the past. It held from Oct 13 at 12:00" in said
    assert "until Nov 12 at 12:00" in said
    assert "Held for 30 days" in said
    assert "percent = &#34;30&#34;" in shown
    newest = words(page(admin, f"{past}/versions/3"))
    assert "This is the newest version." in newest
    assert "too dear" in newest
    assert f'href="{past}/review?version=1"' in page(admin, f"{past}/versions/1")
    for path in (f"{past}/versions/4", f"{past}/versions/0", f"/admin/rules/{new_id()}/versions/1"):
        assert admin.get(path).status_code == 404


def test_any_two_versions_stand_beside_each_other_in_words_and_as_toml(admin, past):
    said = words(page(admin, f"{past}/comparison?a=1&b=2"))
    assert "2 things differ between versions 1 and 2" in said
    assert "No longer: 20% of each purchase Now: 30%!" in said
    assert "No longer: name = &#34;20% of each purchase&#34; Now: name = &#34;30%!&#34;" in said
    assert "Everything else stays" in said
    # The other way round what was new is gone; the state is a difference too.
    back = words(page(admin, f"{past}/comparison?a=3&b=1"))
    assert "3 things differ between versions 3 and 1" in back
    assert "No longer: Paused Now: Live" in back
    assert "No longer: name = &#34;30%!&#34; Now: name = &#34;20% of each purchase&#34;" in back
    assert "One thing differs between versions 2 and 3" in words(page(admin, f"{past}/comparison"))
    assert "Versions 2 and 2 say the same" in words(page(admin, f"{past}/comparison?a=2&b=2"))


def test_an_old_version_can_be_brought_back_from_there(admin, past):
    shown = page(admin, f"{past}/comparison?a=1&b=3")
    assert f'href="{past}/review?version=1"' in shown
    assert f"{past}/review?version=3" not in shown
    assert admin.get(f"{past}/comparison?a=9&b=1").status_code == 404
    assert f'href="{past}/comparison"' in page(admin, past)
    assert f'href="{past}/versions/1"' in page(admin, past)


def test_versions_with_many_alike_lines_are_compared_at_once(app, admin, past):
    def conditions(first):
        names = [f"metadata.key{number}" for number in range(first, first + 20)]
        values = {name: [f"product-{name}-{number}" for number in range(first, first + 50)] for name in names}
        return {"any": [{"field": name, "op": "in", "value": values[name]} for name in names]}

    with app.app_context(), write_transaction() as session:
        for first in (0, 1):
            publish(session, when=conditions(first), now=NOON - DAY)
    before = process_time()
    shown = words(page(admin, f"{past}/comparison"))
    # By how alike its lines are it takes many times as long.
    assert process_time() - before < 2
    assert shown.index("metadata.key0") < shown.index("metadata.key20")
