"""What a rule's rewards for one conversion come to, shared out among them."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.settling import Row, Share, to_give, to_take, to_write_off, write_offs_that_end

FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))
DISPUTE, REFUND = UUID(int=11), UUID(int=12)


def row(key, earned, by_refunds=0, granted=1000, written_off=()):
    return Row(key, granted, earned, by_refunds, tuple(written_off))


def test_the_newest_gives_first_and_no_more_than_it_has():
    rows = [row(FIRST, 1000), row(SECOND, 300), row(THIRD, 200)]
    assert to_take(rows, 1200) == [Share(THIRD, 200), Share(SECOND, 100)]
    assert to_take(rows, 0) == [Share(THIRD, 200), Share(SECOND, 300), Share(FIRST, 1000)]
    assert to_take(rows, 1500) == to_take(rows, 1600) == []


def test_the_oldest_gets_back_first_and_only_what_refunds_had_taken():
    rows = [row(FIRST, 400, 600), row(SECOND, 0, 300), row(THIRD, 0, 0)]
    assert to_give(rows, 1000) == [Share(FIRST, 600)]
    assert to_give(rows, 1200) == [Share(FIRST, 600), Share(SECOND, 200)]
    assert to_give(rows, 9999) == [Share(FIRST, 600), Share(SECOND, 300)]
    assert to_give(rows, 400) == to_give(rows, 0) == []


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=4), st.integers(0, 5000))
def test_after_it_all_come_to_the_target_as_far_as_there_is_something(amounts, target):
    rows = [row(UUID(int=number), *one) for number, one in enumerate(amounts)]
    earned, gone = sum(one for one, _gone in amounts), sum(one for _earned, one in amounts)
    taken, given_back = (sum(share.minor for share in shares(rows, target)) for shares in (to_take, to_give))
    assert earned - taken == min(earned, target)
    assert earned + given_back == max(earned, min(target, earned + gone))


def test_a_write_off_of_what_is_given_back_ends_with_it():
    of_dispute, of_refund = (DISPUTE, 400), (REFUND, 300)
    one = row(FIRST, 300, 700, written_off=[of_refund, of_dispute])
    assert write_offs_that_end(one, 400, {DISPUTE}) == [(DISPUTE, 400)]
    assert write_offs_that_end(one, 100, {DISPUTE}) == [(DISPUTE, 100)]
    # What was forgiven of a refund that stands stays so.
    assert write_offs_that_end(row(FIRST, 300, 700, written_off=[of_refund]), 400, {DISPUTE}) == []


def test_never_more_than_was_granted_is_kept():
    one = row(FIRST, 0, 1000, written_off=[(REFUND, 800)])
    assert write_offs_that_end(one, 500, set()) == [(REFUND, 300)]


def test_what_is_owed_is_written_off_by_what_had_taken_it():
    assert to_write_off([(DISPUTE, 400), (None, 0), (REFUND, 300)]) == [(DISPUTE, 400), (REFUND, 300)]
    # One that gave back more than it took leaves less.
    assert to_write_off([(DISPUTE, 400), (REFUND, -100)]) == [(DISPUTE, 300)]
