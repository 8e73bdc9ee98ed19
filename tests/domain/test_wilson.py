"""Wilson's lower bound: by values that others published, and exactly where it lies."""

from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.wilson import Z, is_surely_above

# R. G. Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3, z = 1.96.
PUBLISHED = [(81, 263, "0.2553"), (15, 148, "0.0624"), (0, 20, "0.0000"), (1, 29, "0.0061")]


@pytest.mark.parametrize(("part", "whole", "bound"), PUBLISHED)
def test_the_bound_is_where_it_was_published(part, whole, bound):
    within = Fraction(1, 20_000)
    assert not is_surely_above(part, whole, Fraction(bound) + within)
    assert part == 0 or is_surely_above(part, whole, Fraction(bound) - within)


@pytest.mark.parametrize(
    ("part", "whole", "share", "expected"),
    [
        pytest.param(0, 0, Fraction(0), False, id="of nothing nothing is said"),
        pytest.param(1, 1, Fraction(0), True, id="once is more than never"),
        pytest.param(0, 9, Fraction(0), False, id="never is not more than never"),
        pytest.param(9, 9, Fraction(1), False, id="nothing is above all"),
        pytest.param(9, 9, Fraction(3), False, id="several times a share may be more than all"),
        pytest.param(3, 10, Fraction(1, 2), False, id="below is not above, however far"),
    ],
)
def test_the_ends(part, whole, share, expected):
    assert is_surely_above(part, whole, share) is expected


def test_a_bound_that_is_just_the_share_is_not_above_it():
    # With z² = 10, the lower bound of 10 of 10 is exactly 1/2.
    root = Fraction(10**9, 316227766)
    assert root**2 > 10
    assert not is_surely_above(10, 10, Fraction(1, 2), z=root)
    # Of 4 of 4 with z = 2 it is 4/(4 + 4).
    assert not is_surely_above(4, 4, Fraction(1, 2), z=Fraction(2))
    assert is_surely_above(4, 4, Fraction(1, 2) - Fraction(1, 10**30), z=Fraction(2))


@pytest.mark.parametrize(("part", "whole", "share"), [(2, 1, Fraction(0)), (-1, 1, Fraction(0)), (1, 1, Fraction(-1))])
def test_what_is_no_share_is_refused(part, whole, share):
    with pytest.raises(ValueError, match=r"part|below"):
        is_surely_above(part, whole, share)


@given(st.integers(1, 5000), st.data())
def test_it_is_the_bound_of_the_formula_with_the_root(whole, data):
    part = data.draw(st.integers(0, whole))
    share = Fraction(data.draw(st.integers(0, 999)), 1000)
    z, p = float(Z), part / whole
    root = sqrt(p * (1 - p) / whole + z * z / (4 * whole * whole))
    bound = (p + z * z / (2 * whole) - z * root) / (1 + z * z / whole)
    if abs(bound - share) > 1e-9:
        assert is_surely_above(part, whole, share) == (bound > share)
