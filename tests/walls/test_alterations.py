"""What the tests of altered values try."""

import secrets

from tests.walls.alterations import altered


def test_there_are_more_than_a_thousand_in_ten_tests_and_always_the_same():
    token = secrets.token_urlsafe(32)
    found = altered(token, others=[secrets.token_urlsafe(32)])
    assert found == altered(token, others=found[:1])
    assert 10 * len(found) > 1_000
    assert len(set(found)) == len(found)
    assert token not in {one.strip() for one in found}
