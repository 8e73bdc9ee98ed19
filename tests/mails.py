"""Mails as they wait in the outbox, and the links in them."""

from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import select

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.mail import compose
from webapp.mailed_links import draw_link, url_of
from webapp.models import MailedLink, OutboxMail, User
from webapp.queries.people import find_by_email
from webapp.services.mailed_links import mail_link


def queued(app: Flask) -> list[tuple[str, str]]:
    """Return what waits, the oldest first: (template, to whom)."""
    with app.app_context():
        rows = db.session.execute(select(OutboxMail, User).join(User).order_by(OutboxMail.created_at, OutboxMail.id))
        return [(mail.template, mail.email or user.email) for mail, user in rows]


def newest_link(app: Flask, purpose: str) -> str:
    """Return the path of the link that was mailed last for a purpose."""
    with app.app_context():
        links = select(MailedLink).where(MailedLink.purpose == purpose).order_by(MailedLink.created_at.desc())
        return urlsplit(url_of(db.session.scalars(links).first())).path


def mail_a_link(app: Flask, email: str, purpose: str, *, to: str | None = None) -> str:
    """Mail a link to somebody and return its path."""
    with app.app_context():
        link_id, token = draw_link(purpose)
        with write_transaction() as session:
            user = find_by_email(session, email)
            return urlsplit(
                url_of(mail_link(session, user, purpose, link_id=link_id, token=token, email=to, now=utc_now()))
            ).path


def text_of(app: Flask, template: str) -> tuple[str, str]:
    """Return subject and text of the mail of a template that was queued last."""
    with app.app_context():
        mails = select(OutboxMail).where(OutboxMail.template == template).order_by(OutboxMail.created_at.desc())
        mail = db.session.scalars(mails).first()
        link = db.session.scalars(select(MailedLink).where(MailedLink.mail_id == mail.id)).one_or_none()
        made = compose(db.session.get_one(User, mail.user_id), template, email=mail.email, link=link, mail=mail)
        return made["Subject"], made.get_body(("plain",)).get_content()
