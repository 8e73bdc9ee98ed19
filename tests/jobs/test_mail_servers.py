"""Mail servers have bad days: no mail is lost, none blocks the others, and the process goes on."""

import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from tests import factories
from tests.mail_servers import Moody, free_port, hang_up
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.jobs.deliver_mail import REST, deliver_mail
from webapp.jobs.stopping import stop_at
from webapp.models import OutboxMail
from webapp.services.outbox import CLAIM, queue_mail

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
# The package gives the name of the file to the function in it.
job = sys.modules["webapp.jobs.deliver_mail"]


@pytest.fixture
def sending(make_app):
    """Make an application that sends to a server, with mails for these people in its outbox."""

    @contextmanager
    def made(url, *people):
        with make_app(MAIL_URL=url).app_context():
            with write_transaction() as session:
                for name in people:
                    user = factories.person(session, name=name, email=f"{name}@example.org")
                    queue_mail(session, user, "address_already_used", dedupe_key=name, now=utc_now())
            yield

    return made


def tries():
    db.session.rollback()
    return db.session.scalars(select(OutboxMail.tries).order_by(OutboxMail.id)).all()


def sent():
    db.session.rollback()
    return [at is not None for at in db.session.scalars(select(OutboxMail.sent_at).order_by(OutboxMail.id))]


def behaves(_server, _line):
    return None


def test_all_mails_of_a_round_go_through_one_connection(sending):
    with Moody(behaves) as server, sending(server.url, "ada", "bob", "cy"):
        assert deliver_mail(utc_now()) == 3
        assert server.connections == 1
        assert server.commands[0] == "ehlo localhost"
        assert server.commands[-1].upper() == "QUIT"
        ids = db.session.scalars(select(OutboxMail.id).order_by(OutboxMail.id)).all()
        assert [mail["Message-ID"] for mail in server.mails] == [f"<{id_}@localhost>" for id_ in ids]


def test_a_server_that_is_away_costs_one_mail_a_try_and_is_left_alone_for_a_while(sending, monkeypatch):
    port = free_port()
    with sending(f"smtp://127.0.0.1:{port}", "ada", "bob"):
        assert [deliver_mail(utc_now()) for _ in range(3)] == [0, 0, 0]
        assert tries() == [1, 0]
        back = utc_now() + REST
        monkeypatch.setattr(job, "utc_now", lambda: back)
        assert deliver_mail(back) == 0
        assert tries() == [1, 1]
        # It is left alone anew; a clock that was set back does not make that longer.
        earlier = back - timedelta(days=1)
        monkeypatch.setattr(job, "utc_now", lambda: earlier)
        assert deliver_mail(back + timedelta(days=1)) == 0
        assert sum(tries()) == 3


def test_a_server_that_refuses_the_password_or_the_sender_is_left_alone_too(sending):
    def refuses(_server, line):
        return "530 5.7.0 not you" if line.startswith("mail FROM") else None

    with Moody(refuses) as server, sending(server.url, "ada", "bob"):
        assert [deliver_mail(utc_now()) for _ in range(2)] == [0, 0]
        assert tries() == [1, 0]
        assert server.connections == 1


def test_a_server_that_ends_the_connection_after_each_mail_gets_them_all(sending):
    def counts(server, line):
        return hang_up if line == "noop" and server.mails else None

    with Moody(counts) as server, sending(server.url, "ada", "bob", "cy"):
        assert deliver_mail(utc_now()) == 3
        assert server.connections == 3
        assert tries() == [1, 1, 1]


def test_a_mail_at_which_the_server_hangs_up_does_not_stop_the_next_one(sending):
    def dislikes_ada(_server, line):
        return hang_up if "ada@" in line else None

    with Moody(dislikes_ada) as server, sending(server.url, "ada", "bob", "cy"):
        assert deliver_mail(utc_now()) == 2
        assert sent() == [False, True, True]


def test_a_server_that_hangs_up_again_and_again_is_left_alone(sending):
    with (
        Moody(lambda _server, line: hang_up if line.startswith("rcpt") else None) as server,
        sending(server.url, "ada", "bob", "cy"),
    ):
        assert deliver_mail(utc_now()) == 0
        assert tries() == [1, 1, 0]


def test_a_mail_that_arrived_without_a_word_comes_again_and_can_be_told_to_be_the_same(sending):
    def dies_once(server, line):
        return hang_up if line == "." and len(server.mails) == 1 else None

    with Moody(dies_once) as server, sending(server.url, "ada"):
        assert deliver_mail(utc_now()) == 0
        assert deliver_mail(utc_now() + timedelta(minutes=2)) == 1
        first, second = server.mails
        assert first["Message-ID"] == second["Message-ID"]
        assert sent() == [True]


def test_a_crash_between_sending_and_noting_it_sends_the_same_mail_again(sending, monkeypatch):
    with Moody(behaves) as server, sending(server.url, "ada"):
        with monkeypatch.context() as patched:
            patched.setattr(job, "mark_sent", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                deliver_mail(utc_now())
        assert deliver_mail(utc_now()) == 0
        assert deliver_mail(utc_now() + CLAIM) == 1
        first, second = server.mails
        assert first["Message-ID"] == second["Message-ID"]


def dribble(connection):
    """Go on answering without ever coming to an end."""
    for _ in range(200):
        connection.sendall(b"2")
        time.sleep(0.05)


def test_a_server_that_answers_for_ever_is_cut_off(sending, monkeypatch):
    monkeypatch.setattr("webapp.mail_transport.MAIL_SECONDS", 0.3)
    with (
        Moody(lambda _server, line: dribble if line.startswith("rcpt") else None) as server,
        sending(server.url, "ada"),
    ):
        began = time.monotonic()
        assert deliver_mail(utc_now()) == 0
        assert time.monotonic() - began < 3
        assert tries() == [1]


def test_a_slow_server_does_not_keep_a_process_that_is_told_to_stop(sending, monkeypatch):
    monkeypatch.setattr("webapp.mail_transport.GRACE_SECONDS", 0.2)
    stop = threading.Event()
    with (
        Moody(lambda _server, line: dribble if line.startswith("rcpt") else None) as server,
        sending(server.url, "ada", "bob"),
    ):
        stop_at(stop)
        threading.Timer(0.2, stop.set).start()
        began = time.monotonic()
        assert deliver_mail(utc_now()) == 0
        # And the last round does not begin with the same server again.
        assert deliver_mail(utc_now()) == 0
        assert time.monotonic() - began < 3
        assert tries() == [1, 0]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate that nobody vouches for."""
    folder = tmp_path_factory.mktemp("certificate")
    try:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
                *("-keyout", folder / "key.pem", "-out", folder / "certificate.pem"),
            ],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("no openssl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


def test_what_can_be_encrypted_is_also_where_nobody_signs_in(sending, inbox, certificate):
    server = Controller(inbox, hostname="127.0.0.1", port=free_port(), tls_context=certificate)
    server.start()
    try:
        with sending(f"smtp://127.0.0.1:{server.port}", "ada"):
            assert deliver_mail(utc_now()) == 1
    finally:
        server.stop()
    assert inbox.encrypted == [True]


def test_a_password_goes_to_nobody_who_cannot_prove_who_they_are(sending, inbox, certificate):
    server = Controller(inbox, hostname="127.0.0.1", port=free_port(), tls_context=certificate)
    server.start()
    try:
        with sending(f"smtp://user:secret@127.0.0.1:{server.port}", "ada"):
            assert deliver_mail(utc_now()) == 0
    finally:
        server.stop()
    assert inbox.mails == []


def test_encryption_that_is_offered_and_not_kept_stops_no_mail(sending):
    def offers(_server, line):
        return {"ehlo localhost": "250-moody\r\n250 STARTTLS", "STARTTLS": "454 4.7.0 not now"}.get(line)

    with Moody(offers) as server, sending(server.url, "ada"):
        assert deliver_mail(utc_now()) == 1
        assert server.connections == 2
