"""The analytics in a browser: periods in place, what a figure means, pictures to keep, and all of it without script."""

import struct
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import rollup_rows
from tests.journeys.conftest import come_in
from tests.journeys.houses import fill
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.models import Link

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


def fill_quickly(app):
    """People, and one day that has everything."""
    link_id = fill(app, full=False)["link"]
    with app.app_context(), write_transaction() as session:
        rollup_rows.a_fortnight_ago(session)
        day = utc_now().date() - timedelta(days=14)
        rollup_rows.link_day(session, session.get_one(Link, link_id), day, clicks=90, visitors=60, signups=30)


def signed_in(site, open_browser, **look):
    watched = open_browser(**look)
    come_in(site, watched.page, "marketer@example.com", "/analytics")
    return watched


@pytest.fixture
def marketer(site, open_browser):
    fill_quickly(site.app)
    return signed_in(site, open_browser)


def test_another_period_comes_in_place_and_the_keyboard_keeps_its_place(marketer):
    page = marketer.page
    expect(page.locator("figure.chart.drawn")).to_have_count(4)
    with page.expect_response(lambda response: "days=90" in response.url) as part:
        page.get_by_role("link", name="90 days").press("Enter")
    assert "<html" not in part.value.text()
    page.wait_for_url("**/analytics?days=90")
    expect(page.locator("#period-90")).to_be_focused()
    expect(page.locator("#period-90")).to_have_attribute("aria-current", "true")
    expect(page.locator("figure.chart.drawn")).to_have_count(4)
    page.get_by_role("link", name="Funnel", exact=True).click()
    page.wait_for_url("**/analytics/funnel?days=90")
    page.go_back()
    expect(page.locator("#period-90")).to_have_attribute("aria-current", "true")
    marketer.quiet()


def test_two_days_of_ones_own_and_what_is_wrong_with_them(marketer):
    page = marketer.page
    page.get_by_text("Custom", exact=True).click()
    page.get_by_label("First day").fill("2025-11-20")
    page.get_by_label("Last day").fill("2025-11-10")
    page.get_by_role("button", name="Show these days").click()
    expect(page.get_by_text("The first day has to come before the last one")).to_be_visible()
    expect(page.get_by_label("First day")).to_have_value("2025-11-20")
    page.get_by_label("First day").fill("2025-11-01")
    page.get_by_role("button", name="Show these days").click()
    page.wait_for_url("**/analytics?from=2025-11-01&to=2025-11-10")
    expect(page.locator("#period-custom")).to_have_text("1–10 Nov 2025")
    marketer.quiet()


def test_a_figure_says_at_a_tap_what_it_means(marketer):
    page = marketer.page
    page.get_by_role("button", name="What “Clicks” means").click()
    expect(page.get_by_text("Times that somebody opened a referral link.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Times that somebody opened a referral link.")).to_be_hidden()
    marketer.quiet()


def test_a_chart_can_be_kept_as_a_picture(marketer):
    page = marketer.page
    expect(page.locator("#signups-and-purchases.drawn")).to_be_visible()
    plot = page.locator("#signups-and-purchases .plot").bounding_box()
    with page.expect_download() as download:
        page.locator('[data-png="#signups-and-purchases"]').click()
    assert download.value.suggested_filename == "signups-and-purchases.png"
    picture = Path(download.value.path()).read_bytes()
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    assert (width, height) == (round(plot["width"]) * 2, round(plot["height"]) * 2)
    # A blank picture of this size has less than 10 kB.
    assert len(picture) > 20_000
    marketer.quiet()


def test_a_chart_names_days_and_writes_numbers_as_the_reader_does(marketer):
    page = marketer.page
    expect(page.locator("#visits.drawn")).to_be_visible()
    page.evaluate(
        """() => {
          const source = document.querySelector('#visits script');
          const spec = JSON.parse(source.textContent);
          const months = ['Januaro','Februaro','Marto','Aprilo','Majo','Junio','Julio','Augusto','Septembro','Oktobro',
            'Novembro','Decembro'];
          spec.locale = { name: 'eo', format: { days: ['dim','lun','mar','mer','jau','ven','sab'], shortDays: ['d','l',
            'm','m','j','v','s'], months, shortMonths: months, decimal: ',', thousands: '.' } };
          spec.data.forEach((trace) => { trace.y = trace.y.map(() => 12345); });
          delete spec.layout.yaxis.range; delete spec.layout.yaxis.dtick;
          source.textContent = JSON.stringify(spec);
          document.documentElement.dataset.bsTheme = 'dark';
        }"""
    )
    months = page.locator("#visits .xtick text")
    expect(months.first).to_contain_text("bro")
    expect(page.locator("#visits .ytick text").last).to_have_text("10.000")
    marketer.quiet()


def test_everything_is_there_without_script(site, open_browser):
    fill_quickly(site.app)
    page = signed_in(site, open_browser, script=False).page
    page.get_by_role("link", name="90 days").click()
    page.wait_for_url("**/analytics?days=90")
    expect(page.get_by_role("heading", level=1)).to_contain_text("in 90 days")
    page.get_by_text("Custom", exact=True).click()
    page.get_by_label("First day").fill("2025-11-01")
    page.get_by_label("Last day").fill("2025-11-10")
    page.get_by_role("button", name="Show these days").click()
    page.wait_for_url("**/analytics?from=2025-11-01&to=2025-11-10")
    page.get_by_text("90 days").click()
    page.get_by_text("The same as a table").first.click()
    expect(page.get_by_role("region", name="Table of days", exact=True)).to_be_visible()
    page.get_by_role("link", name="Referrers", exact=True).click()
    page.get_by_role("link", name="Signups").click()
    page.wait_for_url("**/analytics/referrers?days=90&sort=signups")
