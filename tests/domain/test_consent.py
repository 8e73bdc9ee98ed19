"""What may be remembered in a visitor's browser."""

import pytest

from webapp.domain.consent import MODES, carries_click, may_set_cookie, mode_for


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("gpc", [None, "", "0", "2", "true"])
def test_without_global_privacy_control_the_programs_mode_holds(mode, gpc):
    assert mode_for(mode, gpc=gpc) == mode


@pytest.mark.parametrize("mode", MODES)
def test_global_privacy_control_means_that_nothing_is_remembered(mode):
    assert mode_for(mode, gpc="1") == "none"
    assert mode_for(mode, gpc=" 1 ") == "none"


@pytest.mark.parametrize(
    ("mode", "cookie", "click_to_this_site"),
    [("cookie", True, False), ("required", False, True), ("none", False, True)],
)
def test_a_click_is_held_by_the_cookie_or_else_by_the_address(mode, cookie, click_to_this_site):
    assert may_set_cookie(mode) is cookie
    assert carries_click(mode, elsewhere=False) is click_to_this_site
    assert carries_click(mode, elsewhere=True)
