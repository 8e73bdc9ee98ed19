"""Every page of the route list, on a phone and on a desk.

Light or dark, English or German, empty or full: `make test` takes the looks in
turns, so that each page is seen once at each width, and lets axe judge every
other one on a phone and the others on a desk; with GRAPEVINE_EVERY_LOOK=1
(`make soak`) every page is seen and judged in all of them.
"""

import itertools
import os
import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.factories import PASSWORD
from tests.journeys.conftest import session_of
from tests.journeys.houses import fill
from tests.views.test_routes import routes_of

pytestmark = pytest.mark.browser
on_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

ANALYTICS = (
    *(
        "/analytics?from=2026-02-30&to=2026-02-01",
        "/analytics?link={link}",
        "/analytics/funnel?days=7",
        "/analytics/cohorts",
    ),
    *("/analytics/referrers?sort=signups", "/analytics/links", "/analytics/rewards"),
)
# Who looks at what. Refusals are pages too.
PAGES = {
    None: (
        *("/login", "/signup", "/signup?ref={code}", "/r/NOSUCHCODE", "/nowhere", "/signup wrong", "/login wrong"),
        *("/api/docs", "/privacy", "/sign-in/{token}", "/mail/off/{mail_kind}/{off}"),
        *("/invitation/{invitation} wrong", "/invitation/{token}"),
        *(
            "/forgot wrong",
            "/forgot/sent",
            "/reset/{reset} wrong",
            "/reset/{token}",
            "/verify/{verify}",
            "/verify/{token}",
        ),
    ),
    "referrer": (
        *("/dashboard", "/dashboard?days=7", "/dashboard/referrals", "/dashboard/referrals?show=waiting"),
        *("/dashboard/rewards", "/dashboard/rewards?status=paid", "/dashboard/rewards/{reward}"),
        *("/dashboard/rewards/{rejected} wrong", "/dashboard/rewards/{appealed}"),
        *(
            "/dashboard/rewards/statement/{month}",
            "/dashboard/links",
            "/dashboard/links/new",
            "/dashboard/links/{link}/edit",
        ),
        *("/settings/profile", "/settings/mail", "/admin"),
        *("/settings/privacy wrong", "/settings/privacy/erasure wrong"),
        *("/settings/second-factor wrong", "/settings/sessions"),
        *("/settings/sign-in", "/settings/sign-in/password wrong", "/settings/sign-in/email wrong"),
    ),
    "marketer": (
        *("/analytics", *ANALYTICS, "/dashboard", "/settings/profile"),
        *("/settings/second-factor", "/settings/sessions"),
    ),
    "admin": (
        *("/admin", "/analytics", "/dashboard"),
        *("/admin/users", "/admin/users/new wrong", "/admin/users/{user}", "/admin/users/{user}/role"),
        *("/admin/users/{user}/statements/{month}", "/admin/users/{user}/mails"),
        *("/settings/mail", "/dev/mails", "/dev/mails/{mail_kind}"),
        "/admin/users/{invited}",
        *("/admin/users/{user}/privacy/export", "/admin/users/{user}/privacy/erasure wrong"),
        *("/admin/users/{user}/address wrong", "/admin/users/{secured}/second-factor"),
        *("/admin/keys", "/admin/keys/new", "/admin/keys/new wrong", "/admin/keys/{key}/revocation"),
        *(
            "/admin/audit?check=1",
            "/admin/settings",
            "/admin/settings/quotes wrong",
            "/admin/integration",
            "/admin/integration wrong",
        ),
        *("/admin/rules", "/admin/rules/new", "/admin/rules/new?kind=fixed_amount wrong", "/admin/rules/{rule}"),
        *("/admin/rules?as_of=2030-01-01", "/admin/rules/{rule}/versions/{number}", "/admin/rules/{rule}/comparison"),
        *("/admin/rules/{rule}/edit", "/admin/rules/{rule}/review?version=1", "/admin/rules/{rule}/{act} wrong"),
        *("/admin/rules/new?kind=tiered_percent wrong", "/admin/rules/new?kind=milestone"),
        *(f"/admin/rules/new?kind={kind}" for kind in ("first_purchase", "recurring", "staggered")),
        "/admin/rules/lab",
        *("/admin/referrals", "/admin/referrals?method=nobody", "/admin/referrals/{referral}"),
        *("/admin/referrals/{referral}/credit wrong", "/admin/referrals/{referral}/removal wrong"),
        *("/admin/conversions", "/admin/conversions/{conversion}"),
        *("/admin/rewards", "/admin/rewards?status=held", "/admin/rewards/{reward}", "/admin/rewards/{reward}/as-seen"),
        *("/admin/ledger", "/admin/ledger?person={user}&as_of=2030-01-01", "/admin/ledger?q=a"),
        "/admin/ledger?account=pending&currency=USD",
        *("/admin/rewards/{reward}/fulfilment", "/admin/coupon-pools", "/admin/coupon-pools/new wrong"),
        *("/admin/coupon-pools/{pool} wrong",),
        *("/admin/fraud/settings", "/admin/fraud/lists wrong", "/admin/fraud/lists/{entry}/removal"),
        *("/admin/rewards/decision", "/admin/rewards/decision?choice=reject&reward={pending} wrong"),
        *("/admin/fraud", "/admin/fraud/{user}/orders", "/admin/fraud/{user}/{doubt}"),
        "/admin/fraud/decision?choice=reject&case={user}:person wrong",
        *("/admin/users/{user}/ban wrong", "/admin/users/{banned}/ban/end"),
        *("/admin/rewards/{owing}/write-off wrong", "/admin/rewards/{appealed}"),
        "/admin/rewards/decision?choice=release&reward={appealed} wrong",
    ),
}
# These answer machines, or send people on.
FILES = {
    f"/analytics/{name}.csv" for name in ("days", "funnel", "cohorts", "referrers", "links", "campaigns", "rewards")
}
NOT_PAGES = {
    *FILES,
    *(
        "/",
        "/healthz",
        "/readyz",
        "/metrics",
        "/r/<code>",
        "/api/v1/openapi.json",
        "/.well-known/security.txt",
        "/admin/audit/entries.csv",
    ),
    *("/admin/ledger/entries.csv", "/dashboard/rewards/statement/<month>.csv"),
    *("/admin/users/<uuid:user_id>/statements/<month>.csv", "/dev/mails/<template>/page"),
    "/dashboard/links/<uuid:link_id>/qr.<any(svg,png):kind>",
    # In the middle of something that test_second_factor does, and nowhere else.
    "/login/code",
    *(f"/settings/second-factor/{page}" for page in ("new", "recovery-codes", "move", "end")),
}

AXE = Axe()
# Without loading the style sheets once more, which only rules about turning a phone ask for; they are not in force.
ALL_OF_IT = {"resultTypes": ["violations"], "preload": False}
# Everything that is folded and can be seen, opened by a pointer in its middle, as Playwright does it, at a twentieth of
# the time. Says what lies over it elsewhere.
UNFOLD = """
[...document.querySelectorAll("main summary")].filter((one) => one.checkVisibility()).flatMap((one) => {
  one.scrollIntoView({ block: "center", behavior: "instant" });
  const box = one.getBoundingClientRect();
  const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  one.click();
  return one.contains(hit) ? [] : [one.innerText];
})
"""
SEEN = """
({
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  theme: document.documentElement.dataset.bsTheme,
  language: document.documentElement.lang,
  headings: document.querySelectorAll("h1").length,
})
"""
EVERY_LOOK = os.environ.get("GRAPEVINE_EVERY_LOOK") == "1"
# Dark, and German; the one after the next is the opposite.
LOOKS = ((False, False), (True, False), (True, True), (False, True))
# A phone is where things do not fit, so it sees full pages; a desk sees some empty.
HOUSES = [
    pytest.param(width, full, id=f"{width}-{'full' if full else 'empty'}")
    for width, full in ((360, True), (1280, True), (1280, False), *([(360, False)] if EVERY_LOOK else []))
]


def looks_of(number, width, full):
    """Return the looks in which the page of this number is opened in a house."""
    if EVERY_LOOK:
        return LOOKS
    if width == 1280 and full == (number % 3 == 2):
        return []
    turn = number if width == 360 else number + 2
    return [LOOKS[turn % len(LOOKS)]]


def is_judged(number, width):
    """Say whether axe, which takes longer than all else together, looks at the page of this number: once at each."""
    return EVERY_LOOK or (width == 360) == (number % 2 == 0)


def test_every_page_is_opened_once_at_each_width_and_takes_its_turn_in_every_look():
    if EVERY_LOOK:
        return
    opened = [[look for full in (True, False) for look in looks_of(number, 1280, full)] for number in range(24)]
    assert all(len(looks) == 1 for looks in opened)
    assert {look for looks in opened for look in looks} == set(LOOKS)
    assert {look for number in range(24) for look in looks_of(number, 1280, False)} == set(LOOKS)


@on_sqlite
def test_the_list_names_every_page(app):
    listed = {re.sub("{.*?}", "…", page.split("?")[0].split(" ")[0]) for pages in PAGES.values() for page in pages}
    rules = {route.removeprefix("GET ") for route in routes_of(app) if route.startswith("GET ")}
    rules = {re.sub("<.*?>", "…", rule) for rule in rules - NOT_PAGES if not rule.startswith("/api/v1/")}
    assert rules <= listed


@on_sqlite
@pytest.mark.parametrize(("width", "full"), HOUSES)
def test_every_page_is_accessible_fits_and_breaks_no_policy(site, open_browser, width, full):
    named = fill(site.app, full=full)
    numbers = itertools.count()
    # One for each look: another one would load all that pages share anew, and what changes its look draws a page twice.
    browsers = {}
    for person, pages in PAGES.items():
        cookies = session_of(site, f"{person}@example.com") if person else []
        for watched in browsers.values():
            watched.page.context.clear_cookies()
            watched.page.context.add_cookies(cookies)
        for address, number in zip(pages, numbers, strict=False):
            if person is None and not full:
                # What strangers see holds nothing of what happened.
                continue
            for dark, german in looks_of(number, width, full):
                if (dark, german) not in browsers:
                    language = "de-DE" if german else "en-GB"
                    browsers[dark, german] = open_browser(width=width, dark=dark, language=language)
                    browsers[dark, german].page.context.add_cookies(cookies)
                looked = browsers[dark, german]
                look_at(looked, address, named, dark=dark, german=german, judged=is_judged(number, width))


def sign_in(page, person):
    page.goto("/login")
    page.locator("#email").fill(f"{person}@example.com")
    page.locator("#password").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(lambda url: "/login" not in url)


def look_at(watched, address, named, *, dark, german, judged):
    """Open a page in one look and let nothing pass."""
    page, called = watched.page, f"{address}{' dark' if dark else ''}{' German' if german else ''}"
    path, _space, wrong = address.format(**named).partition(" ")
    page.goto(path)
    button = page.locator("main form[method=post] button.btn-primary")
    # On the first day some of these are not there yet.
    if wrong and button.count():
        button.click()
        page.wait_for_load_state()
    assert page.evaluate(UNFOLD) == [], f"{called}: what is folded cannot be reached by a pointer"
    if judged:
        found = AXE.run(page, options=ALL_OF_IT).response["violations"]
        assert found == [], f"{called}: {[(v['id'], v['nodes'][0]['html']) for v in found]}"
    seen = page.evaluate(SEEN)
    assert seen["wide"] <= 0, f"{called} scrolls sideways by {seen['wide']} px"
    assert seen["theme"] == ("dark" if dark else "light")
    assert seen["language"] == ("de-DE" if german else "en-GB")
    assert seen["headings"] == 1, called
    watched.quiet()
