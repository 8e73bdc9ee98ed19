"""Cases in words: the question that each asks, of what kind its doubt is, and what is held in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.domain.names import first_name
from webapp.domain.reward_decisions import REJECTIONS
from webapp.formatting import number
from webapp.queries.cases import CaseKey, CaseNames, OpenCase
from webapp.views.worth import worth_together

DOUBTS: Mapping[str, Callable[[], str]] = {
    "person": lambda: _("Who they are"),
    "traffic": lambda: _("How they came"),
    "orders": lambda: _("What was bought"),
}


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case as a row of the queue. `value` names it in a form."""

    value: str
    url: str
    question: str
    doubt: str
    referrer: str
    worth: str
    friends: str
    since: datetime


def case_line(case: OpenCase, names: CaseNames, **further: str) -> CaseLine:
    """Put a case into words; `further` goes into the address of its page."""
    key = case.key
    return CaseLine(
        value=case_value(key),
        url=url_for("admin.fraud.show", referrer_id=key.referrer_id, category=key.category, **further),
        question=question(key, case.friends, names),
        doubt=DOUBTS[key.category](),
        referrer=names.referrer,
        worth=worth_together(case.worth),
        friends=number(case.friends),
        since=case.since,
    )


def case_value(key: CaseKey) -> str:
    return f"{key.referrer_id}:{key.category}"


def question(key: CaseKey, friends: int, names: CaseNames) -> str:
    """Ask what is to be decided in a case."""
    referrer, friend = called(names.referrer), called(names.friend) if names.friend else ""
    if key.category == "orders":
        return ngettext(
            "Is all well with what %(friend)s bought?",
            "Is all well with what these %(num)d friends of %(referrer)s bought?",
            max(1, friends),
            friend=friend or _("someone unknown"),
            referrer=referrer,
        )
    if key.category == "traffic":
        return ngettext(
            "Did %(friend)s really come through %(referrer)s?",
            "Did these %(num)d friends really come through %(referrer)s?",
            max(1, friends),
            friend=friend or _("someone unknown"),
            referrer=referrer,
        )
    return ngettext(
        "Is %(friend)s a new customer, or %(referrer)s again?",
        "Are these %(num)d friends of %(referrer)s real?",
        max(1, friends),
        friend=friend or _("someone unknown"),
        referrer=referrer,
    )


def called(name: str) -> str:
    """Return what staff call somebody for short."""
    return first_name(name) or name


def reject_consequence(case: OpenCase) -> str:
    """Say what follows from rejecting in a case."""
    if case.key.category == "orders":
        return _("Nothing is paid for it. The friend goes on earning rewards with what they do next.")
    return ngettext(
        "Nothing is paid, and what the friend does from now on is refused as well.",
        "Nothing is paid, and what these friends do from now on is refused as well.",
        max(1, case.friends),
    )


def reasons() -> list[tuple[str, str, str]]:
    """Return the reasons for rejecting: the code, what staff choose, and what the owner reads."""
    return [(code, _(one.label), _(one.for_owner)) for code, one in REJECTIONS.items()]
