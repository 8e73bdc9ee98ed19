"""Sixty payloads in everything that is stored, and every page that shows it in a real browser: nothing of them runs."""

import pytest

from tests.journeys.conftest import session_of
from tests.journeys.test_every_page import PAGES
from tests.walls.payloads import HTML
from tests.walls.poison import poisoned_house

pytestmark = pytest.mark.browser

# What payloads call, and what those who come without one would do. What is folded is drawn when it opens.
TRAP = """
window.caught = [];
window.ran = (which) => window.caught.push(which);
"""
UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
FOREIGN = """
[...document.querySelectorAll("*")].flatMap((one) => [
  ...[...one.attributes].map(({ name }) => name).filter((name) => /^(on|hx-on)/.test(name)),
  ...(/^(iframe|object|embed|base|math|animate)$/i.test(one.tagName) && !one.matches("iframe.mail-frame[sandbox='']")
    ? [one.tagName] : []),
  ...(one.matches("a") && /evil|^(javascript|data|vbscript):/i.test(one.href.baseVal ?? one.protocol + one.hostname)
    ? [one.outerHTML] : []),
])
"""


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_no_payload_runs_on_any_page(site, open_browser):
    named, _done = poisoned_house(site.app)
    watched = open_browser(width=1280)
    page = watched.page
    page.add_init_script(TRAP)
    page.on("dialog", lambda dialog: (watched.complaints.append("dialog"), dialog.dismiss()))
    for person, pages in PAGES.items():
        page.context.clear_cookies()
        if person:
            page.context.add_cookies(session_of(site, f"{person}@example.com"))
        # Forms that are sent, and lists in another order, are looked at without a browser, in tests/walls.
        for path in {address.format(**named).partition(" ")[0].partition("?")[0]: None for address in pages}:
            page.goto(path)
            page.evaluate(UNFOLD)
            caught, foreign = page.evaluate(f"[window.caught, {FOREIGN}]")
            assert caught == [], path
            assert foreign == [], path
            watched.quiet()


def test_payloads_do_run_where_nothing_holds_them(page):
    page.add_init_script(TRAP)
    page.goto("about:blank")
    page.set_content(f"<p>{' '.join(HTML)}</p>")
    page.wait_for_function("window.caught.length > 0")
    assert len(page.evaluate(FOREIGN)) > 0
