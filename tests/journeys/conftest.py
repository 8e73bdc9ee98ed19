"""A real server and a real browser."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from tests.browser import find_chromium
from tests.conftest import _missing
from tests.conftest import browser as client_of
from tests.factories import sign_in

# The last list is the one that counts, so this is what Playwright turns off as far as it can matter here; then the
# pages in the browser's own address bar, which take longer to load for each new window than most of ours; and last
# that a window is made anew for each page of the same site, a sixth of what it takes to open one.
NOT_NEEDED = (
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable"),
    *("HttpsUpgrades", "LensOverlay", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning"),
    *("AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled"),
    *("PreconnectToSearch", "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"),
    "RenderDocument",
)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    try:
        chromium = find_chromium()
    except ValueError as error:
        _missing("no browser", error)
    if chromium is None:
        _missing("no browser", "run `python -m tests.browser --install`")
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    args = [*quiet, f"--disable-features={','.join(NOT_NEEDED)}", *as_root]
    return {**browser_type_launch_args, "executable_path": chromium, "args": args}


@dataclass
class Site:
    """A running application and where it is."""

    app: Flask
    url: str


@pytest.fixture
def site(make_app: Any) -> Iterator[Site]:
    """Serve this test's database on a free port of the loopback."""
    app = make_app(BASE_URL="http://127.0.0.1")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    app.config["BASE_URL"] = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(app, app.config["BASE_URL"])
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Watched:
    """A page whose complaints are kept: errors, violations of the content security policy, foreign addresses."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def quiet(self) -> None:
        """Fail with everything the browser complained of."""
        complaints = [*self.complaints, *self.page.evaluate("window.violations || []")]
        assert complaints == [], f"{self.page.url}: {complaints}"


REPORT_VIOLATIONS = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""


@pytest.fixture
def open_browser(browser: Browser, site: Site) -> Iterator[Callable[..., Watched]]:
    """Open a browser of its own, with its own cookies: `open_browser(width=360, dark=True, script=False)`."""
    contexts: list[BrowserContext] = []

    def open_one(*, width: int = 1280, dark: bool = False, script: bool = True, language: str = "en-GB") -> Watched:
        context = browser.new_context(
            base_url=site.url,
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            reduced_motion="reduce",
            locale=language,
        )
        # The word "Headless" makes it a bot.
        context.set_extra_http_headers({"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36"})
        context.set_default_timeout(10_000)
        context.add_init_script(REPORT_VIOLATIONS)
        contexts.append(context)
        watched = Watched(context.new_page())
        watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        watched.page.on("console", lambda message: _note(watched, message))
        watched.page.on("request", lambda request: _foreign(watched, request.url, site.url))
        return watched

    yield open_one
    for context in contexts:
        context.close()


def session_of(site: Site, email: str) -> list[dict[str, Any]]:
    """Return the cookies of somebody who signed in, for a browser: its own way in takes a second, and is a journey."""
    client = client_of(site.app)
    sign_in(client, email)
    cookie = client.get_cookie(site.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    guarded = {"httpOnly": True, "sameSite": "Lax"}
    return [{"name": cookie.key, "value": cookie.value, "url": site.url, **guarded}]


def come_in(site: Site, page: Page, email: str, at: str = "/") -> None:
    """Open a page as somebody who has signed in; at "/" it is their own first page."""
    page.context.add_cookies(session_of(site, email))
    page.goto(at)


def _note(watched: Watched, message: Any) -> None:
    # A page that is refused on purpose is reported as a failed load of itself, and htmx says of a question that is on
    # its way when the page is left that it was given up.
    expected = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")
    if message.type in {"error", "warning"} and not message.text.startswith(expected):
        watched.complaints.append(message.text)


def _foreign(watched: Watched, url: str, own: str) -> None:
    if not url.startswith((own, "data:")):
        watched.complaints.append(f"asked for {url}")
