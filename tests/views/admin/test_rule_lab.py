"""The rule lab: a draft tried on the past, and what becomes of it."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.factories import NOON
from tests.views.admin.rule_forms import PERCENT, hidden, id_of, said, send, versions
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Model
from webapp.services.signups import CameBy
from webapp.views.admin import lab_runs, rule_lab

pytestmark = [pytest.mark.usefixtures("staff"), pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]

LAB = "/admin/rules/lab"
MAY = NOON - timedelta(days=30)
STREAM = {"Accept": "application/x-ndjson"}
DRAFT = """
[[rules]]
key = "twenty-percent"
name = "30% of the first two"
trigger = "purchase"
beneficiary = "referrer"
kind = "percent_of_purchase"
settings = { percent = "30", first_purchases = 2 }
[rules.limits]
per_referrer = { amount = 2000, currency = "USD", period = "month" }
"""
PERIOD = {"first": "2026-10-01", "last": "2026-10-31", "number": "1"}


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def bought(app, twenty):
    """Ada brought Bob, who bought three times in October."""
    with app.app_context(), write_transaction() as session:
        _ada, bob = money.ada_and_bob(session)
        for number, amount in enumerate(("50.00 USD", "40.00 USD", "10.00 USD"), 1):
            at = MAY + timedelta(days=number)
            money.buy(session, bob, amount, event_id=f"evt_{number}", order_id=f"10{number}", at=at)
    return twenty


def rows(app):
    with app.app_context():
        return {name: db.session.execute(select(table)).all() for name, table in Model.metadata.tables.items()}


def test_a_long_draft_is_sent_as_it_is_not_three_bytes_for_each_mark(admin, bought):
    page = admin.get(LAB).get_data(as_text=True)
    assert 'enctype="multipart/form-data"' in page
    sent = {"csrf_token": factories.csrf_token(page), "toml": DRAFT + "#" + '"' * 55_000, **PERIOD}
    assert admin.post(LAB, data=sent, content_type="multipart/form-data").status_code == 200


def test_it_begins_with_a_rule_and_the_last_whole_months(admin, twenty):
    page = admin.get(f"{LAB}?rule={twenty.rpartition('/')[2]}").get_data(as_text=True)
    assert 'key = "twenty-percent"' in unescape(page)
    assert 'value="2026-05-01"' in page
    assert 'value="2026-10-31"' in page
    assert "Try it on the past" in page


@pytest.mark.usefixtures("bought")
def test_it_says_that_rewards_besides_money_count_too(admin):
    sentence = "Store credit and rewards in kind count with their amount, beside money of the same currency"
    assert sentence in said(admin.get(LAB).get_data(as_text=True))
    draft = DRAFT.replace("[rules.limits]", 'reward = "credit"\n[rules.limits]')
    assert sentence in said(send(admin, LAB, {"toml": draft, **PERIOD}))


@pytest.mark.usefixtures("bought")
def test_it_says_what_the_draft_would_have_paid_and_why(app, admin):
    before = rows(app)
    page = send(admin, LAB, {"toml": DRAFT, **PERIOD})
    text = said(page)
    # 10 and 8 and 2 were paid; the draft pays 15, of 12 what is left of 20 a month, and nothing for the third.
    assert "It would have cost the same" in text
    assert "First orders: +$5.00; Later orders: +$2.00; Limits: −$7.00." in text
    assert "With the draft, limits of “30% of the first two” take $7.00 off 1 reward: Ada Okafor." in text
    assert "At most $20.00 a month for each referrer; used before this one: $15.00, so $5.00 are paid." in text
    assert "Only the first 2 purchases count." in text
    assert "“20% of each purchase”, version 1" in text
    assert [json.loads(one)["data"][0]["type"] for one in re.findall(r"json\">(.*?)</script>", page)] == ["bar", "bar"]
    assert rows(app) == before


@pytest.mark.usefixtures("bought")
def test_the_same_is_told_line_by_line_with_how_far_it_is(app, admin):
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', admin.get(LAB).get_data(as_text=True))[1]
    answer = admin.post(LAB, data={"csrf_token": token, "toml": DRAFT, **PERIOD}, headers=STREAM)
    assert answer.mimetype == "application/x-ndjson"
    *steps, last = [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]
    assert [(one["done"], one["total"], one["text"]) for one in steps] == [(0, 4, "0 of 4"), (4, 4, "4 of 4")]
    assert last["html"].lstrip().startswith('<div id="lab">')
    assert "It would have cost the same" in last["html"]
    assert "<html" not in last["html"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"toml": DRAFT.replace('"30"', "30")}, "rule “twenty-percent”: settings.percent must be a percentage as text"),
        ({"toml": "[[rules"}, "it is not TOML"),
        ({"toml": "a = " + "[" * 20_000}, "it is nested too deeply"),
        ({"toml": "a = " + "9" * 5_000}, "it is not TOML"),
        ({"toml": "a." * 20_000 + "a = 1"}, "line 1 has a name of too many parts"),
        ({"toml": ""}, "Please write a rule, or choose one to start from."),
        ({"toml": "x" * 60_001}, "too long for this page"),
        ({"first": "soon"}, "Please write a day, as in 2026-05-01."),
        ({"first": "2026-10-31", "last": "2026-10-01"}, "The first day has to come before the last one"),
        ({"last": "2026-11-23"}, "Please choose a day of this century that has come."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(admin, changed, words):
    sent = {"toml": DRAFT, **PERIOD, **changed}
    page = send(admin, LAB, sent, 422)
    assert words in said(page)
    assert 'aria-invalid="true"' in page
    assert sent["toml"].strip()[:40] in unescape(page)


def test_days_without_anything_are_said_to_be_empty(admin, twenty):
    page = said(send(admin, LAB, {"toml": DRAFT, **PERIOD}))
    assert "Nothing happened in these days" in page
    assert "There is nothing to compare" in page


@pytest.mark.usefixtures("bought")
def test_a_form_that_nobody_saved_is_tried_and_published(app, admin):
    edit = f"/admin/rules/{id_of(app)}/edit"
    assert "Try on the past" in admin.get(edit).get_data(as_text=True)
    form = {**PERCENT, "number": "1", "setting_percent": "30", "name": "30% of each purchase"}
    wrong = send(admin, edit.replace("edit", "lab"), {**form, "setting_percent": "300"}, 422)
    assert 'id="rule-form"' in wrong
    page = send(admin, edit.replace("edit", "lab"), form)
    assert "It would have cost $10.00 more" in said(page)
    assert len(versions(app)) == 1
    last = {"definition": hidden(page, "definition"), "number": "1"}
    back = send(admin, edit, last)
    assert 'value="30"' in back
    location = send(admin, edit.replace("edit", "versions"), {**last, "note": "Tried on the past"}, 303)
    assert "Version 2 is live." in admin.get(location).get_data(as_text=True)
    stale = send(admin, edit.replace("edit", "versions"), {**last, "note": "Again"}, 409)
    assert "Someone published version 2 in the meantime." in said(stale)


@pytest.mark.usefixtures("bought")
def test_a_new_rule_is_tried_and_published_too(admin):
    page = send(admin, "/admin/rules/new/lab", {**PERCENT, "setting_percent": "10", "key": "more"})
    assert "It would have cost $10.00 more" in said(page)
    assert "Publish as version 1" in said(page)
    assert 'action="/admin/rules/new"' in page
    assert 'formaction="/admin/rules"' in page


@pytest.mark.usefixtures("bought")
def test_a_new_rule_needs_a_key_of_its_own(admin):
    page = send(admin, "/admin/rules/new/lab", {**PERCENT, "key": "twenty-percent"}, 422)
    assert "Another rule has this key." in said(page)


@pytest.mark.usefixtures("bought")
def test_a_draft_that_was_begun_on_an_older_version_is_published_only_after_a_look(app, admin, twenty):
    page = send(admin, LAB, {"toml": DRAFT, "of": "twenty-percent", **PERIOD})
    with app.app_context(), write_transaction() as session:
        money.publish(session, now=NOON, settings={"percent": "25"})
    last = {"definition": hidden(page, "definition"), "number": hidden_last(page, "number"), "note": "Tried"}
    assert "Someone published version 2 in the meantime." in said(send(admin, f"{twenty}/versions", last, 409))


def hidden_last(page, name):
    """Return what the last hidden field of a name holds: the form that publishes stands below the one that tries."""
    return re.findall(rf'name="{name}"[^>]*value="([^"]*)"', page)[-1]


def test_a_young_program_begins_with_the_month_that_goes_on(app, admin, twenty):
    assert 'value="2026-05-01"' in admin.get(LAB).get_data(as_text=True)
    with app.app_context(), write_transaction() as session:
        _ada, bob = money.ada_and_bob(session, now=NOON - timedelta(days=2))
        money.buy(session, bob, at=NOON - timedelta(days=1))
    page = admin.get(LAB).get_data(as_text=True)
    assert 'value="2026-11-01"' in page
    assert 'value="2026-11-22"' in page


@pytest.mark.usefixtures("bought")
def test_what_is_live_already_and_several_rules_are_not_published_from_here(admin, twenty):
    begun = admin.get(f"{LAB}?rule={twenty.rpartition('/')[2]}").get_data(as_text=True)
    toml = unescape(re.search(r'<textarea[^>]*name="toml"[^>]*>(.*?)</textarea>', begun, re.DOTALL)[1])
    page = send(admin, LAB, {"toml": toml, **PERIOD})
    assert "There is nothing to publish." in said(page)
    assert "It would have cost the same" in said(page)
    several = send(admin, LAB, {"toml": DRAFT + DRAFT.replace("twenty-percent", "other"), **PERIOD})
    assert "Several rules are published together from the command line." in said(several)
    assert 'name="definition"' not in several


@pytest.mark.usefixtures("bought")
@pytest.mark.parametrize(
    ("what", "lines"),
    [
        ("months", ["Month,Currency,Paid,Draft,Difference", "2026-10,USD,20.00,20.00,0.00"]),
        ("referrers", ["Referrer,Id,Currency,Paid,Draft,Difference", "Ada Okafor,…,USD,20.00,20.00,0.00"]),
        (
            "conversions",
            [
                "Event,Order,Type,Moment,Number of its kind,Amount,Paid in,Currency,Paid,Draft,Difference",
                "evt_1,101,purchase,2026-10-24T12:00:00+00:00,1,50.00,USD,USD,10.00,15.00,5.00",
                "evt_2,102,purchase,2026-10-25T12:00:00+00:00,2,40.00,USD,USD,8.00,5.00,-3.00",
                "evt_3,103,purchase,2026-10-26T12:00:00+00:00,3,10.00,USD,USD,2.00,0.00,-2.00",
            ],
        ),
    ],
)
def test_the_rows_can_be_taken_as_a_file(admin, what, lines):
    text = send(admin, f"{LAB}/file", {"toml": DRAFT, "what": what, **PERIOD})
    found = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "…", text.lstrip("\ufeff")).splitlines()
    assert found == lines
    # The next one may run.
    send(admin, f"{LAB}/file", {"toml": DRAFT, "what": what, **PERIOD})


@pytest.mark.usefixtures("bought")
def test_one_runs_at_a_time_and_not_for_ever(admin, monkeypatch):
    give_back = lab_runs.take_slot()
    assert "Somebody else is trying a rule just now." in said(send(admin, LAB, {"toml": DRAFT, **PERIOD}, 503))
    assert "Somebody else is trying a rule just now." in said(
        send(admin, f"{LAB}/file", {"toml": DRAFT, "what": "months", **PERIOD}, 503)
    )
    give_back()
    give_back()
    monkeypatch.setattr(lab_runs, "LONGEST_SECONDS", 0.0)
    assert "This takes longer than a page may." in said(send(admin, LAB, {"toml": DRAFT, **PERIOD}, 503))
    monkeypatch.undo()
    assert "It would have cost the same" in said(send(admin, LAB, {"toml": DRAFT, **PERIOD}))


@pytest.mark.usefixtures("bought")
@pytest.mark.parametrize(
    ("path", "sent", "headers"),
    [
        pytest.param(LAB, {}, STREAM, id="the page"),
        pytest.param(f"{LAB}/file", {"what": "months"}, {}, id="a file that has nothing to send before the end"),
        pytest.param(f"{LAB}/file", {"what": "conversions"}, {}, id="a file"),
    ],
)
def test_whoever_goes_away_stops_it_and_the_next_one_may_run(admin, monkeypatch, path, sent, headers):
    taken = []

    def replay(*arguments, **named):
        for step in rule_lab_replay(*arguments, **named):
            taken.append(step)
            yield step

    rule_lab_replay = rule_lab.replay_rules
    monkeypatch.setattr(rule_lab, "replay_rules", replay)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', admin.get(LAB).get_data(as_text=True))[1]
    data = {"csrf_token": token, "toml": DRAFT, **PERIOD, **sent}
    answer = admin.post(path, data=data, headers=headers, buffered=False)
    parts = iter(answer.response)
    while not taken:
        next(parts)
    # The server has its turn after each slice, and not only when there is something to send.
    assert len(taken) == 1
    answer.close()
    assert len(taken) == 1
    monkeypatch.undo()
    send(admin, LAB, {"toml": DRAFT, **PERIOD})


@pytest.mark.usefixtures("bought")
def test_a_large_history_is_not_tried_unasked(app, admin, monkeypatch):
    monkeypatch.setattr(rule_lab, "AT_ONCE", 2)
    form = {**PERCENT, "number": "1", "setting_percent": "30", "name": "30% of each purchase"}
    page = send(admin, f"/admin/rules/{id_of(app)}/lab", form)
    assert "Try it on the past" in page
    assert 'percent = "30"' in unescape(page)


@pytest.mark.usefixtures("bought")
def test_no_page_asks_more_for_more_rows(app, admin, statements):
    counts = []
    page = admin.get(LAB).get_data(as_text=True)
    sent = {"csrf_token": factories.csrf_token(page), "toml": DRAFT, **PERIOD}
    for turn in range(2):
        for ask in (lambda: admin.get(LAB), lambda: admin.post(LAB, data=sent)):
            statements.clear()
            ask()
            counts.append(len([one for one in statements if one.lstrip().upper().startswith("SELECT")]))
        with app.app_context(), write_transaction() as session:
            link = factories.link_of(session, factories.person(session, name="Luca", now=money.JOINED))
            for number in range(5):
                email = f"more{turn}{number}@example.org"
                friend, _referral = factories.join(session, CameBy(typed=link), email=email, now=money.JOINED)
                money.buy(
                    session, friend, "50.00 USD", event_id=f"more_{turn}{number}", at=MAY + timedelta(days=number)
                )
    assert counts[0] == counts[2] <= 12
    assert counts[1] == counts[3] <= 12


@pytest.mark.usefixtures("bought")
def test_what_rules_that_stay_pay_for_the_same_is_said_beside_the_traces(app, admin):
    with app.app_context(), write_transaction() as session:
        money.publish(session, **{**money.TEN_DOLLARS, "key": "ten"}, now=money.LIVE)
    text = said(send(admin, LAB, {"toml": DRAFT, **PERIOD}))
    assert "Order 101: $20.00 paid, $25.00 in the draft" in text
    assert "Rules that are the same on both sides pay $10.00 more." in text
