"""Mail leaves the outbox, by the transport that MAIL_URL names."""

import ssl
import sys
from contextlib import nullcontext
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from sqlalchemy import delete, select

from tests import factories
from tests.mail_servers import free_port, text_of
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.jobs.deliver_mail import deliver_mail
from webapp.models import OutboxMail, User
from webapp.services.outbox import CLAIM, queue_mail

TEMPLATE = "address_already_used"


def queue(*mails):
    """Queue a mail for each pair of template and address, in this order."""
    with write_transaction() as session:
        for number, (template, email) in enumerate(mails):
            user = factories.person(session, name="Bob Miller", email=email)
            queue_mail(session, user, template, dedupe_key=str(number), now=utc_now())


def outbox():
    db.session.rollback()
    return db.session.scalars(select(OutboxMail).order_by(OutboxMail.created_at)).all()


def test_a_mail_becomes_a_file_that_a_person_can_read(in_app, tmp_path):
    queue((TEMPLATE, "bob@example.org"))
    assert deliver_mail(utc_now()) == 1
    (file,) = (tmp_path / "mail").iterdir()
    assert [path.stat().st_mode & 0o077 for path in (file, file.parent)] == [0, 0], "it may hold a link that signs in"
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["To"] == "bob@example.org"
    assert mail["Subject"] == "You already have an account at Grapevine"
    assert mail["From"].addresses[0].addr_spec == "no-reply@localhost"
    text = text_of(mail)
    assert text.startswith("Hello Bob,")
    assert "http://localhost/login" in text
    (row,) = outbox()
    assert row.sent_at is not None
    assert (row.ended_at, row.tries) == (row.sent_at, 1)


def test_a_mail_is_written_in_the_language_that_its_reader_chose(in_app, tmp_path):
    queue((TEMPLATE, "bob@example.org"))
    with write_transaction() as session:
        session.scalars(select(User).where(User.name == "Bob Miller")).one().language = "de"
    assert deliver_mail(utc_now()) == 1
    (file,) = (tmp_path / "mail").iterdir()
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["Subject"] == "Du hast schon ein Konto bei Grapevine"
    assert text_of(mail).startswith("Hallo Bob,")


@pytest.mark.parametrize(
    ("template", "change", "because"),
    [
        ("coupons_running_low", {"muted_mails": {"coupons_running_low": True}}, "muted"),
        (TEMPLATE, {"erased_at": utc_now()}, "over"),
        # Nobody joined.
        ("friends_joined", {}, "over"),
    ],
)
def test_a_mail_that_nobody_needs_any_more_does_not_leave(in_app, tmp_path, template, change, because):
    queue((template, "bob@example.org"))
    with write_transaction() as session:
        for name, value in change.items():
            setattr(session.scalars(select(User)).one(), name, value)
    assert deliver_mail(utc_now()) == 0
    assert not (tmp_path / "mail").exists()
    (row,) = outbox()
    assert (row.sent_at, row.ended_at is not None, row.unsent_because) == (None, True, because)


def test_a_mail_leaves_once(in_app, tmp_path):
    queue((TEMPLATE, "bob@example.org"))
    assert [deliver_mail(utc_now()) for _ in range(3)] == [1, 0, 0]
    assert len(list((tmp_path / "mail").iterdir())) == 1


def test_a_mail_of_the_future_waits(in_app, tmp_path):
    before = utc_now()
    queue((TEMPLATE, "bob@example.org"))
    assert deliver_mail(before) == 0
    assert not (tmp_path / "mail").exists()
    assert outbox()[0].tries == 0


def test_a_poisoned_mail_does_not_block_the_ones_behind_it(in_app, tmp_path):
    queue(("no_such_template", "eve@example.org"), (TEMPLATE, "bob@example.org"))
    assert deliver_mail(utc_now()) == 1
    poisoned, good = outbox()
    assert (poisoned.sent_at, poisoned.ended_at, poisoned.tries) == (None, None, 1)
    assert poisoned.due_at > utc_now()
    assert good.sent_at is not None


def test_a_mail_server_gets_the_mail(make_app, inbox, smtp_url):
    with make_app(MAIL_URL=smtp_url).app_context():
        queue((TEMPLATE, "bob@example.org"), (TEMPLATE, "cara@example.org"))
        assert deliver_mail(utc_now()) == 2
        assert all(row.sent_at for row in outbox())
    assert [to for to, _mail in inbox.mails] == [["bob@example.org"], ["cara@example.org"]]
    assert inbox.mails[0][1]["Subject"] == "You already have an account at Grapevine"


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        ("550 no such mailbox", True),
        ("550 5.1.1 no such mailbox", True),
        ("552 5.2.2 mailbox full", True),
        # Said of us, or of the moment.
        ("554 5.7.1 relay access denied", False),
        ("450 4.2.0 greylisted, come again", False),
        ("451 try again later", False),
    ],
)
def test_a_mailbox_that_refuses_for_good_ends_its_mail_and_the_next_one_gets_theirs(
    make_app, inbox, smtp_url, answer, ends
):
    inbox.refused["eve@example.org"] = answer
    with make_app(MAIL_URL=smtp_url).app_context():
        queue((TEMPLATE, "eve@example.org"), (TEMPLATE, "bob@example.org"))
        assert deliver_mail(utc_now()) == 1
        refused, good = outbox()
        assert (refused.sent_at, refused.ended_at is not None, refused.tries) == (None, ends, 1)
        assert refused.unsent_because == ("refused" if ends else None)
        assert good.sent_at is not None
        if not ends:
            del inbox.refused["eve@example.org"]
            assert deliver_mail(refused.due_at) == 1


def test_a_server_that_is_not_there_costs_a_try_and_no_mail(make_app, inbox):
    with make_app(MAIL_URL=f"smtp://127.0.0.1:{free_port()}").app_context():
        queue((TEMPLATE, "bob@example.org"))
        assert deliver_mail(utc_now()) == 0
        (row,) = outbox()
        assert (row.sent_at, row.ended_at, row.tries) == (None, None, 1)
        assert row.due_at > utc_now()


def test_a_password_never_travels_in_the_clear(make_app, inbox):
    heard = []

    def listen(_server, _session, _envelope, _mechanism, login):
        heard.append(login.password)
        return AuthResult(success=True)

    server = Controller(inbox, hostname="127.0.0.1", port=free_port(), authenticator=listen, auth_require_tls=False)
    server.start()
    try:
        with make_app(MAIL_URL=f"smtp://user:secret@127.0.0.1:{server.port}").app_context():
            queue((TEMPLATE, "bob@example.org"))
            assert deliver_mail(utc_now()) == 0
            assert outbox()[0].sent_at is None
    finally:
        server.stop()
    assert heard == []
    assert inbox.mails == []


def test_a_server_has_to_prove_who_it_is_before_it_gets_a_password(make_app, smtp_url, monkeypatch):
    asked = []

    def starttls(_client, *, context):
        asked.append((context.verify_mode, context.check_hostname))
        raise ssl.SSLCertVerificationError("self-made")

    monkeypatch.setattr("smtplib.SMTP.starttls", starttls)
    with make_app(MAIL_URL=smtp_url.replace("smtp://", "smtp://user:secret@")).app_context():
        queue((TEMPLATE, "bob@example.org"))
        assert deliver_mail(utc_now()) == 0
    assert asked == [(ssl.CERT_REQUIRED, True)]


@pytest.mark.parametrize("fails", [False, True])
def test_a_reader_who_is_erased_while_the_mail_leaves_stops_no_other_mail(in_app, monkeypatch, fails):
    job, sent = sys.modules["webapp.jobs.deliver_mail"], []
    queue((TEMPLATE, "eve@example.org"), (TEMPLATE, "bob@example.org"))

    def send(mail):
        sent.append(mail["To"])
        if mail["To"] == "eve@example.org":
            with write_transaction() as session:
                eve = select(User.id).where(User.email == "eve@example.org").scalar_subquery()
                session.execute(delete(OutboxMail).where(OutboxMail.user_id == eve))
            if fails:
                raise OSError

    monkeypatch.setattr(job, "transport_for", lambda _url, **_how: nullcontext(send))
    deliver_mail(utc_now())
    assert sent == ["eve@example.org", "bob@example.org"]
    assert [row.sent_at is not None for row in outbox()] == [True]


def test_a_slow_round_ends_and_its_claims_begin_when_they_are_made(in_app, monkeypatch):
    # The package gives the name of the file to the function in it.
    job = sys.modules["webapp.jobs.deliver_mail"]
    queue(*[(TEMPLATE, f"bob{number}@example.org") for number in range(3)])
    monkeypatch.setattr(job, "ROUND", timedelta(0))
    long_ago = utc_now()
    monkeypatch.setattr(job, "transport_for", lambda _url, **_how: nullcontext(lambda _mail: claims.append(due())))
    claims = []

    def due():
        return max(db.session.scalars(select(OutboxMail.due_at)).all())

    assert [deliver_mail(utc_now() + CLAIM) for _ in range(3)] == [0, 0, 0]
    monkeypatch.setattr(job, "ROUND", timedelta(minutes=1))
    assert deliver_mail(utc_now()) == 3
    assert all(claim > long_ago + CLAIM for claim in claims)
