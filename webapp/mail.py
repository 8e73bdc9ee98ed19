"""Putting mails into words: a text, and the same words once more as a page."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import Policy, default
from email.utils import formatdate
from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _

from webapp.clock import utc_now
from webapp.domain.mail_kinds import FRIENDS_JOINED, NEWS, OPTIONAL, REWARDS_DECIDED, REWARDS_READY
from webapp.domain.mailbox import address_key
from webapp.extensions import db
from webapp.ids import new_id
from webapp.mail_layout import twin
from webapp.mail_news import decided_rewards, friends_who_joined, ready_rewards
from webapp.mailed_links import told_of
from webapp.models import MailedLink, OutboxMail, User
from webapp.muting import muting_url
from webapp.queries.cases import open_cases
from webapp.queries.news import Since, news_since
from webapp.services.coupon_pools import RUNNING_LOW
from webapp.services.reminders import CASES_WAITING
from webapp.web import absolute_url, load_program


class _Address:
    """A header that holds one address of a site, and stays in one line: folded, it would be encoded, and lost."""

    max_count = 1

    @staticmethod
    def parse(value: str, kwds: dict[str, Any]) -> None:
        kwds["parse_tree"], kwds["decoded"] = None, value

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Address)  # type: ignore[arg-type]
_POLICY = default.clone(header_factory=_HEADERS)


class NothingToSayError(Exception):
    """What the mail was to tell of is not so any more."""


def compose(
    user: User,
    template: str,
    *,
    email: str | None = None,
    link: MailedLink | None = None,
    mail: OutboxMail | None = None,
    told: Callable[[], Mapping[str, object]] | None = None,
) -> EmailMessage:
    """Return a mail to a person, made from `mail/<template>.txt`, whose first line is the subject.

    In the language that they chose; no browser is there to say what it asks for. It goes to `email` where that is
    not the person's own address, and carries `link`. `mail` is the row that waits: whatever is tried again is the same
    mail, by its id and by what it tells. `told` gives what it says instead of what is looked
    up. Raises NothingToSayError.
    """
    host = current_app.extensions["grapevine_config"].host
    program = load_program()
    with force_locale(user.language) if user.language else nullcontext():
        found = told() if told else _looked_up(user, template, link, mail)
        words = {
            "user": user,
            "program": program,
            "at": mail.created_at if mail else utc_now(),
            "sign_in_url": absolute_url("/login"),
            "forgot_url": absolute_url("/forgot"),
            "sign_in_settings_url": absolute_url("/settings/sign-in"),
            **found,
        }
        subject, text = _in_words(user, template, words)
        page = twin(
            text,
            subject=subject,
            program=program.name,
            language=str(get_locale() or "en").replace("_", "-"),
            base_url=current_app.config["BASE_URL"],
            button=_("Open the page"),
        )
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = subject
    message["From"] = Address(_one_line(program.name), "no-reply", host)
    # The domain as machines write it: not every server takes another alphabet.
    address = email or user.email
    message["To"] = to = f"{address.rpartition('@')[0]}@{address_key(address).rpartition('@')[2]}"
    if [one.addr_spec for one in message["To"].addresses] != [to]:
        raise ValueError("in a header this address means another one")
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = f"<{mail.id if mail else new_id()}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    if template in OPTIONAL:
        message["List-Unsubscribe"] = f"<{muting_url(user, template)}>"
        # One click in the mail program is enough (RFC 8058).
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    # As they are: an encoding would break addresses into lines.
    message.set_content(text, cte="8bit")
    message.add_alternative(page, subtype="html", cte="8bit")
    return message


def _in_words(user: User, template: str, words: Mapping[str, object]) -> tuple[str, str]:
    """Return subject and text. Whatever names there are, the subject is one line and the text is what follows it."""
    head, _blank, text = render_template(f"mail/{template}.txt", **words).strip().partition("\n\n")
    if template in OPTIONAL:
        settings = {"settings_url": absolute_url("/settings/mail"), "muting_url": muting_url(user, template)}
        text = f"{text.strip()}\n\n{render_template('mail/_foot.txt', **settings).strip()}"
    # A name that could be an address is not said.
    text = text.strip().replace(" ,\n", ",\n", 1)
    return _one_line(head).removeprefix("Subject:").strip(), f"{text}\n"


def _one_line(text: str) -> str:
    """Return a text that can stand in a header: no line break, and nothing that cannot be seen.

    Nor is it in the spelling of headers for other letters (RFC 2047), in which line breaks can be written too.
    """
    return " ".join("".join(one if one.isprintable() else " " for one in text).split()).replace("=?", "= ?")


def _looked_up(user: User, template: str, link: MailedLink | None, mail: OutboxMail | None) -> dict[str, object]:
    """Return what a mail says beside whom it is to."""
    if template in NEWS:
        since = news_since(db.session(), user.id, template, mail.created_at if mail else utc_now(), mail)
        told = _NEWS[template](user, since)
        if not told:
            raise NothingToSayError
        return told
    return _LOOKED_UP.get(template, dict)() | (told_of(link) if link else {})


def _waiting_cases() -> dict[str, object]:
    """Return what there is to decide now, which may be less than when the mail was queued."""
    cases = open_cases(db.session(), load_program().id)
    since = min((case.since for case in cases), default=None)
    return {"cases": len(cases), "since": since, "cases_url": absolute_url("/admin/fraud")}


def coupon_pools() -> dict[str, object]:
    """Return where codes are added to the pools of coupons."""
    return {"pools_url": absolute_url("/admin/coupon-pools")}


# What mails say beside whom they are to, looked up when they are sent.
_LOOKED_UP: Mapping[str, Callable[[], dict[str, object]]] = {CASES_WAITING: _waiting_cases, RUNNING_LOW: coupon_pools}
_NEWS: Mapping[str, Callable[[User, Since], dict[str, object]]] = {
    FRIENDS_JOINED: friends_who_joined,
    REWARDS_READY: ready_rewards,
    REWARDS_DECIDED: decided_rewards,
}
