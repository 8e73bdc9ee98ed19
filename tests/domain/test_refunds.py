"""What is still earned of a reward after refunds."""

import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.domain.money import LARGEST
from webapp.domain.refunds import WentBack, counted, is_refunded_whole, refundable, still_earned, won_from

NOON, DAY = datetime(2026, 5, 10, 12, tzinfo=UTC), timedelta(days=1)
AMOUNTS = st.integers(1, LARGEST)
SMALL = st.integers(1, 200)
# None asks for all that is left.
PARTS = st.lists(st.integers(0, 100) | st.none() | st.integers(0, LARGEST), max_size=12)
PARTS_IN_TWO_ORDERS = PARTS.flatmap(lambda parts: st.tuples(st.just(parts), st.permutations(parts)))


def earned(granted, amount, refunded, *, proportional=True, refunds=1):
    return still_earned(
        granted, proportional=proportional, amount_minor=amount, refunded_minor=refunded, refunds=refunds
    )


def refund_in_parts(granted, amount, parts, *, proportional):
    """Refund part after part, and return what each took back and the sum that was refunded."""
    refunded, kept, taken = 0, granted, []
    for count, wanted in enumerate(parts, start=1):
        refunded += refundable(amount, refunded, wanted)
        target = earned(granted, amount, refunded, proportional=proportional, refunds=count)
        taken.append(kept - target)
        kept = target
    return taken, refunded


@pytest.mark.parametrize(
    ("granted", "amount", "refunded", "left"),
    [
        # 10.00 EUR for a purchase of 49.99 EUR, in cents.
        pytest.param(1000, 4999, 0, 1000, id="nothing was refunded"),
        pytest.param(1000, 4999, 1, 1000, id="a cent takes nothing: 999.7999 goes up"),
        pytest.param(1000, 4999, 1000, 800, id="799.9599 goes up"),
        pytest.param(1000, 4999, 2500, 500, id="499.8999 goes up"),
        pytest.param(1000, 4999, 4996, 1, id="0.6001 goes up"),
        pytest.param(1000, 4999, 4997, 0, id="0.4000 goes down"),
        pytest.param(1000, 4999, 4999, 0, id="all was refunded"),
        # 3 JPY for a purchase of 100 JPY.
        pytest.param(3, 100, 50, 2, id="half a yen goes up"),
        pytest.param(3, 100, 51, 1, id="1.47 yen go down"),
        pytest.param(3, 100, 83, 1, id="0.51 yen go up"),
        pytest.param(3, 100, 84, 0, id="0.48 yen go down"),
        # 0.124 KWD for a purchase of 1.235 KWD.
        pytest.param(124, 1235, 618, 62, id="61.9498 fils go up"),
        pytest.param(124, 1235, 617, 62, id="62.0502 fils go down"),
        pytest.param(124, 1235, 1234, 0, id="0.1004 fils go down"),
        pytest.param(1, 2, 1, 1, id="half of one cent"),
        pytest.param(LARGEST, LARGEST, 1, LARGEST - 1, id="the largest amount"),
    ],
)
def test_what_is_left_of_a_share(granted, amount, refunded, left):
    assert earned(granted, amount, refunded) == left


@pytest.mark.parametrize(
    ("amount", "refunded", "refunds", "left"),
    [
        pytest.param(4999, 0, 0, 1000, id="no refund"),
        pytest.param(4999, 4998, 3, 1000, id="all but a cent"),
        pytest.param(4999, 4999, 4, 0, id="all of it"),
        pytest.param(None, 0, 0, 1000, id="no amount, no refund"),
        pytest.param(None, 0, 1, 0, id="without an amount any refund is whole"),
        pytest.param(0, 0, 0, 1000, id="an amount of zero, no refund"),
        pytest.param(0, 0, 1, 0, id="of an amount of zero any refund is whole"),
    ],
)
def test_what_is_left_of_a_fixed_amount(amount, refunded, refunds, left):
    assert earned(1000, amount, refunded, proportional=False, refunds=refunds) == left
    assert is_refunded_whole(amount, refunded, refunds) == (left == 0)


@pytest.mark.parametrize(
    ("proportional", "refunded", "is_met", "left"),
    [
        pytest.param(False, 1, True, 1000, id="a fixed amount stays"),
        pytest.param(False, 1, False, 0, id="a fixed amount goes whole with its condition"),
        pytest.param(True, 1000, False, 800, id="a share stays a share"),
    ],
)
def test_what_is_left_when_a_condition_is_not_met_any_more(proportional, refunded, is_met, left):
    how = {"proportional": proportional, "amount_minor": 4999, "refunded_minor": refunded, "refunds": 1}
    assert still_earned(1000, **how, is_met=is_met) == left


@pytest.mark.parametrize("amount", [None, 0])
@pytest.mark.parametrize(("refunds", "left"), [(0, 7), (1, 0), (2, 0)])
def test_a_share_of_nothing_divides_by_nothing(amount, refunds, left):
    assert earned(7, amount, 0, refunds=refunds) == left


@pytest.mark.parametrize(
    ("amount", "refunded", "wanted", "taken"),
    [
        pytest.param(4999, 0, 1000, 1000, id="a part"),
        pytest.param(4999, 0, None, 4999, id="all of it"),
        pytest.param(4999, 1000, None, 3999, id="all that is left"),
        pytest.param(4999, 1000, 3999, 3999, id="exactly what is left"),
        pytest.param(4999, 1000, 4000, 3999, id="a cent more than is left"),
        pytest.param(4999, 4999, 1, 0, id="nothing is left"),
        pytest.param(4999, 4999, None, 0, id="all of nothing"),
        pytest.param(0, 0, 500, 0, id="an amount of zero"),
        pytest.param(0, 0, None, 0, id="all of an amount of zero"),
        pytest.param(None, 0, 500, 0, id="no amount"),
        pytest.param(None, 0, None, 0, id="all of no amount"),
    ],
)
def test_a_refund_is_cut_to_what_is_left(amount, refunded, wanted, taken):
    assert refundable(amount, refunded, wanted) == taken


@pytest.mark.parametrize(
    ("parts", "taken"),
    [
        pytest.param([None], [1000], id="at once"),
        pytest.param([1000, 1500, None], [200, 300, 500], id="in three parts"),
        pytest.param([None, 1000], [1000, 0], id="again after all of it"),
        pytest.param([2500, 9999], [500, 500], id="more than is left"),
        pytest.param([4998, 1], [1000, 0], id="the last cent takes nothing any more"),
    ],
)
def test_what_each_part_takes_of_a_share(parts, taken):
    assert refund_in_parts(1000, 4999, parts, proportional=True) == (taken, 4999)


@pytest.mark.parametrize(
    ("parts", "taken"),
    [
        pytest.param([None], [1000], id="at once"),
        pytest.param([1000, 1500, None], [0, 0, 1000], id="in three parts"),
        pytest.param([4998, 1, 1], [0, 1000, 0], id="the last cent takes it all"),
    ],
)
def test_what_each_part_takes_of_a_fixed_amount(parts, taken):
    assert refund_in_parts(1000, 4999, parts, proportional=False) == (taken, 4999)


@given(AMOUNTS | SMALL, AMOUNTS | SMALL, st.data())
def test_a_share_is_the_exact_one_rounded_half_up(granted, amount, data):
    refunded = data.draw(st.integers(0, amount))
    exact = Fraction(granted * (amount - refunded), amount)
    assert earned(granted, amount, refunded) == math.floor(exact + Fraction(1, 2))


@given(AMOUNTS | SMALL, SMALL | st.none() | st.just(0) | AMOUNTS, PARTS_IN_TWO_ORDERS, st.booleans())
@example(1, 2, ([1, 1], [1, 1]), True)
@example(1, 1, ([0, 1, 0], [0, 0, 1]), False)
def test_parts_in_any_number_and_order_end_where_one_refund_ends(granted, amount, orders, proportional):
    parts, in_another_order = orders
    taken, refunded = refund_in_parts(granted, amount, parts, proportional=proportional)
    assert all(part >= 0 for part in taken)
    assert sum(taken) <= granted

    taken_otherwise, refunded_otherwise = refund_in_parts(granted, amount, in_another_order, proportional=proportional)
    assert (sum(taken_otherwise), refunded_otherwise) == (sum(taken), refunded)
    if refunded:
        assert refund_in_parts(granted, amount, [refunded], proportional=proportional) == ([sum(taken)], refunded)

    # With what is left of the conversion all of the reward is gone, to the cent.
    taken, refunded = refund_in_parts(granted, amount, [*parts, None], proportional=proportional)
    assert (sum(taken), refunded) == (granted, amount or 0)


def went_back(number, kind, wanted, day, won_on=None):
    won_at = None if won_on is None else NOON + won_on * DAY
    return WentBack(UUID(int=number), kind, f"{kind} {number}", NOON + day * DAY, wanted, won_at)


def counts(amount, *back):
    return [(one.applied_minor, one.restored_minor) for one in counted(amount, back).values()]


@pytest.mark.parametrize(
    ("back", "found"),
    [
        pytest.param([("dispute", None, 1)], [(5000, 0)], id="without an amount all of it"),
        pytest.param([("refund", 3000, 1), ("dispute", 4000, 2)], [(3000, 0), (2000, 0)], id="cut to what is left"),
        pytest.param([("dispute", 4000, 2), ("refund", 3000, 1)], [(2000, 0), (3000, 0)], id="as it happened"),
        pytest.param([("dispute", 4000, 1, 3)], [(4000, 4000)], id="won"),
        pytest.param(
            [("dispute", 4000, 1, 3), ("refund", 3000, 2)], [(4000, 2000), (1000, 0)], id="a refund in its place"
        ),
        pytest.param(
            [("dispute", 4000, 1, 3), ("refund", 3000, 4)], [(4000, 4000), (3000, 0)], id="a refund after it was won"
        ),
        pytest.param(
            [("dispute", None, 1, 3), ("dispute", None, 2, 4)], [(5000, 0), (0, 5000)], id="two of all, both won"
        ),
        pytest.param([("dispute", 4000, 1, 1)], [(4000, 4000)], id="won at the moment of the dispute"),
    ],
)
def test_what_each_counts_for(back, found):
    assert counts(5000, *(went_back(number, *one) for number, one in enumerate(back))) == found


def test_of_no_amount_nothing_is_counted():
    assert counts(None, went_back(1, "dispute", 100, 1, 2)) == counts(0, went_back(1, "refund", None, 1)) == [(0, 0)]


BACK = st.builds(
    went_back,
    st.integers(0, 10**6),
    st.just("dispute"),
    st.none() | st.integers(0, 3000),
    st.integers(0, 5),
    st.none() | st.integers(5, 9),
)


@given(st.lists(BACK, max_size=5, unique_by=lambda one: one.key), st.randoms())
def test_what_went_back_follows_from_what_stands_and_not_from_the_order_of_telling(back, random):
    found = counted(2500, back)
    shuffled = random.sample(back, len(back))
    assert counted(2500, shuffled) == found
    stands = sum(2500 if one.wanted_minor is None else one.wanted_minor for one in back if one.won_at is None)
    assert sum(one.applied_minor - one.restored_minor for one in found.values()) == min(2500, stands)
    assert all(one.applied_minor >= 0 and one.restored_minor >= 0 for one in found.values())


def test_a_dispute_is_not_won_before_it_began():
    assert won_from(NOON, NOON - DAY) == NOON
    assert won_from(NOON, NOON + DAY) == NOON + DAY
