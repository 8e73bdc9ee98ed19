"""Who is credited for a signup, and why nobody else is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.attribution import Touch, credited_click, decide

SIGNUP = datetime(2026, 11, 22, 12, tzinfo=UTC)
WINDOW = timedelta(days=30)
INSTANT = timedelta(microseconds=1)


def touch(days_before=1.0, *, link=1, referrer=None, oneself=False, kind="click", click=None, at=None, named=False):
    """A way across link number `link`, which belongs to the referrer of that number unless said otherwise."""
    referrer = referrer or link
    return Touch(
        kind,
        UUID(int=link),
        UUID(int=1000 + referrer),
        oneself,
        at or SIGNUP - timedelta(days=days_before),
        UUID(int=2000 + (click or link)) if kind == "click" else None,
        named and kind == "click",
    )


def decision(touches, *, model="last", known_since=None, window=WINDOW):
    return decide(touches, signed_up_at=SIGNUP, known_since=known_since, window=window, model=model)


def outcomes(touches, **settings):
    """Return the outcome of each touch, in the order of `touches`."""
    by_touch = {verdict.touch: verdict.outcome for verdict in decision(touches, **settings).verdicts}
    return [by_touch[touch] for touch in touches]


@pytest.mark.parametrize(
    ("days_before_signup", "model", "winner"),
    [
        pytest.param([], "last", None, id="no clicks, no credit"),
        pytest.param([], "first", None, id="no clicks, no credit to the first either"),
        pytest.param([9, 2], "first", 0, id="the earlier click wins"),
        pytest.param([2, 9], "first", 1, id="the earlier click wins in whatever order it is read"),
        pytest.param([9, 2], "last", 1, id="the later click wins"),
        pytest.param([2, 9], "last", 0, id="the later click wins in whatever order it is read"),
        pytest.param([31, 2], "first", 1, id="an expired click never wins"),
        pytest.param([31, 45], "last", None, id="only expired clicks, no credit"),
        pytest.param([30], "last", 0, id="the last moment of the window counts"),
        pytest.param([30], "first", 0, id="the last moment of the window counts for the first, too"),
        pytest.param([0], "last", 0, id="the very moment of the signup counts"),
        pytest.param([-1, 3], "last", 1, id="a click after the signup never wins"),
        pytest.param([5, 5], "last", 0, id="of two at one moment the lower link wins as the last"),
        pytest.param([5, 5], "first", 0, id="of two at one moment the lower link wins as the first"),
    ],
)
def test_credited_click(days_before_signup, model, winner):
    clicks = [touch(days, link=number) for number, days in enumerate(days_before_signup, start=1)]
    expected = None if winner is None else clicks[winner]
    assert credited_click(clicks, signed_up_at=SIGNUP, window=WINDOW, model=model) == expected
    assert decision(clicks, model=model).credited == expected


@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        pytest.param(SIGNUP - WINDOW - INSTANT, "outside_window", id="a microsecond too early"),
        pytest.param(SIGNUP - WINDOW, "credited", id="as early as can be"),
        pytest.param(SIGNUP - WINDOW + INSTANT, "credited", id="a microsecond inside"),
        pytest.param(SIGNUP - INSTANT, "credited", id="a microsecond before the signup"),
        pytest.param(SIGNUP, "credited", id="at the signup"),
        pytest.param(SIGNUP + INSTANT, "after_signup", id="a microsecond after the signup"),
    ],
)
@pytest.mark.parametrize("model", ["first", "last"])
def test_the_window_ends_to_the_microsecond(at, outcome, model):
    assert outcomes([touch(at=at)], model=model) == [outcome]


@pytest.mark.parametrize(
    ("touches", "settings", "expected"),
    [
        pytest.param(
            [touch(1, link=1), touch(0, link=2, kind="typed_code")],
            {},
            ["beaten_by_typed_code", "credited"],
            id="a typed code beats a link",
        ),
        pytest.param(
            [touch(0, link=1, kind="page"), touch(0, link=2, kind="typed_code")],
            {"model": "first"},
            ["beaten_by_typed_code", "credited"],
            id="a typed code beats the page it was typed on",
        ),
        pytest.param(
            [touch(2, link=1), touch(0, link=2, kind="typed_code", oneself=True)],
            {},
            ["credited", "same_person"],
            id="one's own code, typed, leaves the credit to the link",
        ),
        pytest.param(
            [touch(1, link=1, oneself=True), touch(2, link=2)],
            {},
            ["same_person", "credited"],
            id="one's own link leaves the credit to the link before it",
        ),
        pytest.param(
            [touch(0, link=1, kind="coupon_code"), touch(0, link=2, kind="typed_code")],
            {},
            ["beaten_by_typed_code", "credited"],
            id="a typed code beats a coupon code",
        ),
        pytest.param(
            [touch(0, link=2, kind="coupon_code"), touch(1, link=1), touch(2, link=3, named=True)],
            {"model": "first"},
            ["credited", "beaten_by_coupon_code", "beaten_by_coupon_code"],
            id="a coupon code beats every link",
        ),
        pytest.param(
            [touch(0, link=1, kind="coupon_code", oneself=True), touch(1, link=2)],
            {},
            ["same_person", "credited"],
            id="one's own coupon leaves the credit to the link",
        ),
        pytest.param(
            [touch(1, link=1), touch(2, link=2, named=True), touch(3, link=3, named=True), touch(4, link=4)],
            {},
            ["beaten_by_click_id", "credited", "beaten_by_later_touch", "beaten_by_click_id"],
            id="the browser that the signup named comes before another, and among its links the last counts",
        ),
        pytest.param(
            [touch(1, link=1), touch(2, link=2, named=True), touch(3, link=3, named=True), touch(4, link=4)],
            {"model": "first"},
            ["beaten_by_click_id", "beaten_by_earlier_touch", "credited", "beaten_by_click_id"],
            id="or the first, also before the very first link of the other",
        ),
        pytest.param(
            [touch(1, link=1), touch(31, link=2, named=True), touch(-1, link=3, named=True)],
            {},
            ["credited", "outside_window", "after_signup"],
            id="a named browser whose links cannot count leaves the credit to the cookie",
        ),
        pytest.param([touch(1, oneself=True)], {}, ["same_person"], id="nobody refers themselves"),
        pytest.param(
            [touch(45, oneself=True)], {}, ["same_person"], id="one's own link is one's own also outside the window"
        ),
        pytest.param(
            [touch(3, link=1), touch(0, link=2, kind="page")],
            {},
            ["beaten_by_later_touch", "credited"],
            id="the page is the last touch",
        ),
        pytest.param(
            [touch(3, link=1), touch(0, link=2, kind="page")],
            {"model": "first"},
            ["credited", "beaten_by_earlier_touch"],
            id="the page is not the first touch",
        ),
        pytest.param(
            [touch(4, link=1, click=1), touch(2, link=1, click=2)],
            {},
            ["beaten_by_later_touch", "credited"],
            id="of two clicks on one link the later is credited",
        ),
        pytest.param(
            [touch(3)], {"known_since": SIGNUP - timedelta(days=9)}, ["existing_customer"], id="an account before it"
        ),
        pytest.param(
            [touch(3)], {"known_since": SIGNUP - timedelta(days=3)}, ["existing_customer"], id="an account with it"
        ),
        pytest.param(
            [touch(3)],
            {"known_since": SIGNUP - timedelta(days=2)},
            ["existing_customer"],
            id="a second account, by a link that was opened before the first",
        ),
        pytest.param(
            [touch(1, link=1), touch(0, link=2, kind="typed_code")],
            {"known_since": SIGNUP - timedelta(days=9)},
            ["existing_customer", "existing_customer"],
            id="an existing customer is nobody's friend by a typed code either",
        ),
        pytest.param(
            [touch(40, link=1), touch(2, link=2), touch(-1, link=3)],
            {"model": "first"},
            ["outside_window", "credited", "after_signup"],
            id="each touch has a reason of its own",
        ),
        pytest.param(
            [touch(400)], {"window": timedelta(days=400)}, ["credited"], id="the longest window a program can have"
        ),
    ],
)
def test_every_touch_gets_its_verdict(touches, settings, expected):
    assert outcomes(touches, **settings) == expected


@pytest.mark.parametrize(
    ("touches", "settings", "reason", "method"),
    [
        pytest.param([], {}, "not_referred", None, id="nothing at all"),
        pytest.param([touch(1)], {}, "credited", "link", id="a click"),
        pytest.param([touch(0, kind="page")], {}, "credited", "link", id="the page it was opened with"),
        pytest.param([touch(0, kind="typed_code")], {}, "credited", "typed_code", id="a typed code"),
        pytest.param([touch(0, kind="coupon_code")], {}, "credited", "coupon_code", id="a coupon code"),
        pytest.param([touch(1, named=True)], {}, "credited", "link", id="a click of the browser that was named"),
        pytest.param([touch(45)], {}, "outside_window", None, id="too late"),
        pytest.param([touch(-1)], {}, "after_signup", None, id="too early"),
        pytest.param([touch(1, oneself=True)], {}, "same_person", None, id="oneself"),
        pytest.param(
            [touch(1, link=1, oneself=True), touch(40, link=2)], {}, "same_person", None, id="the nearest touch tells"
        ),
        pytest.param(
            [touch(40, link=1), touch(0, link=2, kind="typed_code", oneself=True)],
            {"model": "first"},
            "same_person",
            None,
            id="a typed code is nearer than any link",
        ),
    ],
)
def test_the_decision_says_why(touches, settings, reason, method):
    decided = decision(touches, **settings)
    assert (decided.reason, decided.method) == (reason, method)
    assert (decided.credited is not None) == (reason == "credited")


def test_the_nearest_to_a_credit_stands_first():
    typed, late, early = touch(0, link=1, kind="typed_code"), touch(1, link=2), touch(5, link=3)
    assert [verdict.touch for verdict in decision([early, typed, late]).verdicts] == [typed, late, early]
    assert [verdict.touch for verdict in decision([late, early, typed], model="first").verdicts] == [typed, early, late]


MOMENTS = st.integers(-5, 45).map(lambda days: SIGNUP - timedelta(days=days))
MODELS = st.sampled_from(["first", "last"])
TOUCHES = st.builds(
    touch,
    link=st.integers(1, 4),
    oneself=st.sampled_from([False, False, False, True]),
    kind=st.sampled_from(["click", "click", "click", "page", "coupon_code", "typed_code"]),
    click=st.integers(1, 6),
    at=MOMENTS,
    named=st.booleans(),
)
KNOWN = st.one_of(st.none(), MOMENTS.filter(lambda moment: moment <= SIGNUP))


@given(touches=st.lists(TOUCHES, max_size=8), model=MODELS, known_since=KNOWN, data=st.data())
def test_the_order_of_rows_and_repeats_change_nothing(touches, model, known_since, data):
    again = data.draw(
        st.permutations(touches + data.draw(st.lists(st.sampled_from(touches)) if touches else st.just([])))
    )
    assert decision(again, model=model, known_since=known_since) == decision(
        touches, model=model, known_since=known_since
    )


@given(touches=st.lists(TOUCHES, max_size=8), model=MODELS, known_since=KNOWN)
def test_every_touch_gets_exactly_one_verdict_and_at_most_one_is_credited(touches, model, known_since):
    decided = decision(touches, model=model, known_since=known_since)
    judged = [verdict.touch for verdict in decided.verdicts]
    assert len(judged) == len(set(judged))
    assert set(judged) == set(touches)
    assert sum(verdict.outcome == "credited" for verdict in decided.verdicts) == (decided.reason == "credited")


@given(touches=st.lists(TOUCHES, max_size=8), model=MODELS, known_since=KNOWN)
def test_who_is_credited_is_another_person_who_came_in_time(touches, model, known_since):
    credited = decision(touches, model=model, known_since=known_since).credited
    if credited is not None:
        assert not credited.same_mailbox
        assert known_since is None
        assert credited.at <= SIGNUP
        assert credited.kind in ("typed_code", "coupon_code") or SIGNUP - credited.at <= WINDOW


@given(touches=st.lists(TOUCHES, max_size=8), model=MODELS)
def test_somebody_is_credited_whenever_anybody_can_be(touches, model):
    alone = [decision([touch], model=model).credited for touch in touches]
    assert (decision(touches, model=model).credited is not None) == any(alone)


STRANGERS = st.lists(st.tuples(st.integers(50, 60), st.sampled_from([31, 60, 300, -1])), max_size=4)


@given(touches=st.lists(TOUCHES, max_size=6), strangers=STRANGERS, model=MODELS, data=st.data())
def test_touches_that_cannot_count_never_change_who_is_credited(touches, strangers, model, data):
    unrelated = [touch(days, link=link, named=link % 2 == 0) for link, days in strangers]
    mixed = data.draw(st.permutations(touches + unrelated))
    before, after = decision(touches, model=model), decision(mixed, model=model)
    assert after.credited == before.credited
    assert after.method == before.method
    if before.credited:
        assert set(before.verdicts) <= set(after.verdicts)


@given(touches=st.lists(TOUCHES, min_size=1, max_size=8), model=MODELS, known_since=KNOWN, data=st.data())
def test_losers_may_come_and_go_and_the_winner_stays(touches, model, known_since, data):
    """Without any of those that lost, the same touch is credited for the same reason."""
    decided = decision(touches, model=model, known_since=known_since)
    losers = [verdict.touch for verdict in decided.verdicts if verdict.outcome != "credited"]
    kept = data.draw(st.lists(st.sampled_from(losers), unique=True)) if losers else []
    again = decision(
        [*kept, *[decided.credited] * (decided.credited is not None)], model=model, known_since=known_since
    )
    if decided.credited:
        assert (again.credited, again.reason, again.method) == (decided.credited, "credited", decided.method)


@given(touches=st.lists(TOUCHES, max_size=6), more=TOUCHES, model=MODELS, known_since=KNOWN)
def test_a_touch_takes_the_credit_itself_or_changes_nothing(touches, more, model, known_since):
    before = decision(touches, model=model, known_since=known_since)
    after = decision([more, *touches], model=model, known_since=known_since)
    assert after.credited in (before.credited, more)
    if decision([more], model=model, known_since=known_since).credited is None:
        assert (after.credited, after.method) == (before.credited, before.method)


ORDER = ("typed_code", "coupon_code")


def standing(one):
    """The rank of a touch in the words of the rule, 0 for the highest."""
    return ORDER.index(one.kind) if one.kind in ORDER else 2 if one.by_click_id else 3


@given(touches=st.lists(TOUCHES, max_size=8), model=MODELS)
def test_nothing_of_a_lower_rank_is_ever_credited(touches, model):
    credited = decision(touches, model=model).credited
    could = [one for one in touches if decision([one], model=model).credited]
    assert (standing(credited) if credited else None) == min(map(standing, could), default=None)


@given(touches=st.lists(TOUCHES, max_size=8))
def test_the_first_is_the_last_of_a_clock_that_runs_backwards(touches):
    """Turned around the middle of the window, what was first is last; where one link is as good as another, one is."""
    clicks = [one for one in touches if one.kind in ("click", "page") and SIGNUP - WINDOW <= one.at <= SIGNUP]
    turned = {replace(one, at=SIGNUP - WINDOW + (SIGNUP - one.at)): one for one in clicks}
    first, last = decision(clicks, model="first"), decision(list(turned), model="last")
    assert first.credited == (turned[last.credited] if last.credited else None)
    swap = {"beaten_by_later_touch": "beaten_by_earlier_touch"}
    assert [verdict.outcome for verdict in first.verdicts] == [
        swap.get(verdict.outcome, verdict.outcome) for verdict in last.verdicts
    ]
