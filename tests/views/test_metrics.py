"""What an operator watches: who may see it, and that it is true."""

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from tests import factories, money
from tests.conftest import browser
from tests.money import DAY, ada_and_bob, buy, publish, refund
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.jobs import Job
from webapp.jobs.runner import run_job
from webapp.metrics import LATENCY_SECONDS, metrics_of
from webapp.queries.last_times import LEDGER_VERIFIED
from webapp.services.conversions import EventTakenError
from webapp.services.last_times import remember_time
from webapp.services.outbox import queue_mail

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

TOKEN = "a-token-for-prometheus"


@pytest.fixture
def app(make_app):
    return make_app(METRICS_TOKEN=TOKEN)


def scrape(app, token=TOKEN, **headers):
    return browser(app).get("/metrics", headers={"Authorization": f"Bearer {token}", **headers})


def samples(app):
    """Return every sample that is not 0, by its name and the values of its labels, in the order of their names."""
    response = scrape(app)
    assert response.status_code == 200
    found = {}
    for family in text_string_to_metric_families(response.get_data(as_text=True)):
        for sample in family.samples:
            found[sample.name, *(value for _name, value in sorted(sample.labels.items()))] = sample.value
    return {key: value for key, value in found.items() if value}


def test_it_answers_in_prometheus_format_to_the_token_alone(app):
    response = scrape(app)
    assert response.status_code == 200
    assert response.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    assert 'grapevine_build_info{version="0.1.0"} 1.0' in response.get_data(as_text=True)
    assert 'grapevine_clicks_not_counted_total{reason="hidden"} 0.0' in response.get_data(as_text=True)


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN, f"Basic {TOKEN}", "Bearer é"],
)
def test_without_it_there_is_no_such_page_not_even_for_this_machine(app, authorization):
    client = browser(app)
    headers = {} if authorization is None else {"Authorization": authorization}
    response = client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": "127.0.0.1"})
    assert response.status_code == 404
    assert "grapevine_" not in response.get_data(as_text=True)


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Bearer x"])
def test_without_a_token_in_the_environment_nobody_has_it(make_app, authorization):
    assert browser(make_app()).get("/metrics", headers={"Authorization": authorization}).status_code == 404


def test_requests_are_counted_by_the_template_of_their_route_and_never_by_what_was_sent(app):
    for path in ("/r/SECRETCODE", "/r/OTHERCODE", "/secret/nowhere", "/signup?ref=SECRETCODE"):
        browser(app).get(path)
    browser(app).open("/secret", method="SECRETVERB")
    found = samples(app)
    name = "grapevine_http_requests_total"
    assert found[name, "GET", "/r/<code>", "404"] == 2
    assert found[name, "GET", "none", "404"] == 1
    assert found[name, "other", "none", "404"] == 1
    assert found[name, "GET", "/signup", "200"] == 1
    assert "SECRET" not in str(found).upper()
    assert found["grapevine_http_request_duration_seconds_count", "GET", "/r/<code>"] == 2
    assert found["grapevine_http_request_duration_seconds_bucket", "+Inf", "GET", "/r/<code>"] == 2


def test_a_bucket_holds_all_that_are_quicker(app):
    for seconds in (0.001, LATENCY_SECONDS[0], 0.3, 99.0):
        metrics_of(app).http_request_duration.observe(seconds, route="/x", method="GET")
    found = samples(app)
    name = "grapevine_http_request_duration_seconds"
    buckets = [found[f"{name}_bucket", bound, "GET", "/x"] for bound in (*map(str, LATENCY_SECONDS), "+Inf")]
    assert buckets == [2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4]
    assert found[f"{name}_sum", "GET", "/x"] == pytest.approx(99.306)


def buy_twice(session, user):
    for _ in range(2):
        buy(session, user, event_id="evt_3")


def test_what_happens_is_counted_once_it_is_committed(app):
    with app.app_context():
        with write_transaction() as session:
            publish(session)
            _ada, bob = ada_and_bob(session)
            buy(session, bob)
            buy(session, bob, event_id="evt_2", type="tasting")
            refund(session, "10.00 USD")
            refund(session, at=factories.NOON + 2 * DAY, event_id="ref_2")
        with pytest.raises(EventTakenError), write_transaction() as session:
            buy_twice(session, bob)
    found = samples(app)
    assert found["grapevine_signups_recorded_total",] == 1
    assert found["grapevine_conversions_recorded_total", "signup"] == 1
    assert found["grapevine_conversions_recorded_total", "purchase"] == 1
    assert found["grapevine_conversions_recorded_total", "other"] == 1
    assert found["grapevine_refunds_recorded_total",] == 2
    # The first refund took some of the reward and left its status alone.
    statuses = {key[1]: value for key, value in found.items() if key[0] == "grapevine_rewards_changed_total"}
    assert statuses == {"pending": 1, "reversed": 1}


def test_jobs_are_counted_by_how_they_end(app):
    def fail(_now):
        raise KeyError

    with app.app_context():
        for run in (lambda now: 3, fail, fail):
            run_job(Job("mature-rewards", run, DAY), utc_now())
    found = samples(app)
    assert found["grapevine_job_runs_total", "mature-rewards"] == 1
    assert found["grapevine_job_failures_total", "mature-rewards"] == 2


def test_mails_that_wait_are_counted_when_one_looks_and_left_out_when_the_database_is_away(app, monkeypatch):
    with app.app_context(), write_transaction() as session:
        queue_mail(session, factories.person(session), "address_already_used", dedupe_key="x", now=factories.NOON)
    assert samples(app)["grapevine_outbox_waiting",] == 1

    def fail(_session):
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr("webapp.views.machines.mails_waiting", fail)
    assert not any(key[0] == "grapevine_outbox_waiting" for key in samples(app))


def test_what_waits_and_was_last_done_is_told_with_its_age(app):
    now = utc_now()
    with app.app_context():
        with write_transaction() as session:
            ada = factories.person(session)
            queue_mail(session, ada, "address_already_used", dedupe_key="x", now=now - timedelta(seconds=90))
            money.publish(session)
            bob = money.ada_and_bob(session)[1]
            held = money.buy(session, bob, at=now - timedelta(days=2)).rewards[0].id
            money.send(session, held, "held", now=now)
            remember_time(session, LEDGER_VERIFIED, now, found=3)
        run_job(Job("mature-rewards", lambda _now: 0, DAY), now)
    found = samples(app)
    assert found["grapevine_outbox_oldest_seconds",] == pytest.approx(90, abs=60)
    assert found["grapevine_held_oldest_seconds",] == pytest.approx(2 * 86_400, abs=60)
    assert found["grapevine_ledger_breaches",] == 3
    assert found["grapevine_ledger_verified_timestamp_seconds",] == pytest.approx(now.timestamp())
    assert found["grapevine_job_last_success_timestamp_seconds", "mature-rewards"] == pytest.approx(now.timestamp())
    assert found["grapevine_database_bytes",] > 100_000
    assert ("grapevine_backup_timestamp_seconds",) not in found


def test_two_applications_in_one_process_count_apart(make_app):
    one, other = make_app(METRICS_TOKEN=TOKEN), make_app(METRICS_TOKEN=TOKEN)
    metrics_of(one).clicks_recorded.inc(5)
    assert samples(one)["grapevine_clicks_recorded_total",] == 5
    assert ("grapevine_clicks_recorded_total",) not in samples(other)
