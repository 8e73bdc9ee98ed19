"""Sending mail, by the transport that MAIL_URL names."""

import smtplib
import ssl
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote, urlsplit

from flask import current_app, render_template
from flask_babel import force_locale

from webapp.domain.mailbox import address_key
from webapp.extensions import db
from webapp.ids import new_id
from webapp.mailed_links import url_of
from webapp.models import MailedLink, User
from webapp.queries.cases import open_cases
from webapp.services.reminders import CASES_WAITING
from webapp.web import absolute_url, load_program

SMTP_TIMEOUT_SECONDS = 10

Transport = Callable[[EmailMessage], None]


def compose(
    user: User,
    template: str,
    *,
    email: str | None = None,
    link: MailedLink | None = None,
    at: datetime | None = None,
) -> EmailMessage:
    """Return a mail to a person, made from `mail/<template>.txt`, whose first line is the subject.

    In the language that they chose; no browser is there to say what it asks for. It goes to `email` where that is
    not the person's own address, and carries `link`. `at` is when what it tells of happened.
    """
    host = current_app.extensions["grapevine_config"].host
    program = load_program()
    told = _LOOKED_UP.get(template, dict)() | ({"link": link, "link_url": url_of(link)} if link else {})
    told |= {"at": at, "forgot_url": absolute_url("/forgot")}
    with force_locale(user.language) if user.language else nullcontext():
        body = render_template(
            f"mail/{template}.txt", user=user, program=program, sign_in_url=absolute_url("/login"), **told
        )
    subject, _end, text = body.partition("\n")
    message = EmailMessage()
    message["Subject"] = subject.removeprefix("Subject:").strip()
    message["From"] = Address(program.name, "no-reply", host)
    # The domain as machines write it: not every server takes another alphabet.
    address = email or user.email
    message["To"] = f"{address.rpartition('@')[0]}@{address_key(address).rpartition('@')[2]}"
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = f"<{new_id()}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    # As it is: an encoding would break addresses into lines.
    message.set_content(text.strip() + "\n", cte="8bit")
    return message


def _waiting_cases() -> dict[str, object]:
    """Return what there is to decide now, which may be less than when the mail was queued."""
    cases = open_cases(db.session(), load_program().id)
    since = min((case.since for case in cases), default=None)
    return {"cases": len(cases), "since": since, "cases_url": absolute_url("/admin/fraud")}


# What mails say beside whom they are to, looked up when they are sent.
_LOOKED_UP: Mapping[str, Callable[[], dict[str, object]]] = {CASES_WAITING: _waiting_cases}


def transport_for(mail_url: str) -> Transport:
    """Return what sends a mail, for a MAIL_URL that the configuration has checked."""
    scheme, _colon, rest = mail_url.partition(":")
    if scheme == "console":
        return _to_console
    if scheme == "file":
        return lambda message: _to_file(Path(rest), message)
    return lambda message: _to_smtp(mail_url, message)


def _to_console(message: EmailMessage) -> None:
    sys.stderr.write(f"{'-' * 72}\n{message}{'-' * 72}\n")
    sys.stderr.flush()


def _to_file(folder: Path, message: EmailMessage) -> None:
    """Write one file a mail; it appears under its name only when it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{new_id()}.eml"
    unfinished = folder / f".{name}"
    unfinished.write_bytes(bytes(message))
    unfinished.rename(folder / name)


def _to_smtp(mail_url: str, message: EmailMessage) -> None:
    parts = urlsplit(mail_url)
    host, port = parts.hostname or "", parts.port or 25
    checked = ssl.create_default_context()
    with (
        smtplib.SMTP_SSL(host, port, timeout=SMTP_TIMEOUT_SECONDS, context=checked)
        if port == smtplib.SMTP_SSL_PORT
        else smtplib.SMTP(host, port, timeout=SMTP_TIMEOUT_SECONDS)
    ) as server:
        if parts.username:
            # A password never travels in the clear, nor to someone in between.
            if port != smtplib.SMTP_SSL_PORT:
                server.starttls(context=checked)
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
