"""Light, dark and the keyboard, for those who run no script."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import come_in, session_of
from tests.journeys.houses import fill

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]

PAGES = ("/login", "/signup", "/r/NOSUCHCODE", "/dashboard", "/dashboard/referrals")
COLOURS = """
() => [...document.querySelectorAll('html, body, body *:not(__ONLY_WITH_A_SCRIPT__)')].map((element) => {
  const style = getComputedStyle(element);
  const names = ['color', 'backgroundColor', 'borderTopColor', 'borderBottomColor', 'boxShadow', 'fill', 'stroke'];
  return [element.tagName, element.className.baseVal ?? element.className, ...names.map((name) => style[name])];
})
""".replace(
    "__ONLY_WITH_A_SCRIPT__",
    ".js-only, .js-only *, figure.chart, figure.chart *, body > span[hidden], #js-plotly-tester, #js-plotly-tester *",
)


def colours(page, address):
    page.goto(address)
    # The script only adds a class.
    return [[tag, css.replace(" js", "").removeprefix("js"), *rest] for tag, css, *rest in page.evaluate(COLOURS)]


@pytest.mark.parametrize(("width", "dark"), [(360, True)], ids=["360-dark"])
def test_the_page_follows_the_system_in_the_same_colours_as_with_a_script(site, open_browser, width, dark):
    fill(site.app, full=True)
    pages = [open_browser(width=width, dark=dark, script=script).page for script in (True, False)]
    for page in pages:
        page.context.add_cookies(session_of(site, "referrer@example.com"))
    for address in PAGES:
        with_script, without = (colours(page, address) for page in pages)
        assert without == with_script, address
    background = "rgb(21, 18, 26)" if dark else "rgb(248, 246, 243)"
    expect(pages[1].locator("body")).to_have_css("background-color", background)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_choice_that_was_made_with_a_script_is_kept_without_one(site, open_browser, theme):
    page = open_browser(dark=theme == "light", script=False).page
    page.context.add_cookies([{"name": "theme", "value": theme, "url": site.url}])
    page.goto("/login")
    background = "rgb(21, 18, 26)" if theme == "dark" else "rgb(248, 246, 243)"
    expect(page.locator("body")).to_have_css("background-color", background)


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_the_tabs_of_a_phone_never_cover_what_has_the_focus(site, open_browser, script):
    fill(site.app, full=True)
    page = open_browser(width=360, script=script).page
    come_in(site, page, "referrer@example.com", "/dashboard/referrals")
    page.set_viewport_size({"width": 360, "height": 640})
    tabs = page.locator("nav.tabs")
    covered = []
    for _ in range(30):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.evaluate("(element) => !!element.closest('.tabs')"):
            break
        box = focused.bounding_box()
        if box and box["y"] + box["height"] > tabs.bounding_box()["y"]:
            covered.append(focused.inner_text().split("\n")[0])
    assert covered == []
