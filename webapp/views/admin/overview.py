"""An admin's first page: what waits for a decision, how the program does, and what was done lately."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.domain.audit import ACTIONS
from webapp.domain.explain import attribution_for_admin
from webapp.domain.periods import local_day
from webapp.extensions import db
from webapp.formatting import number, say
from webapp.models import Program
from webapp.queries.cases import OpenCase, names_in, open_cases
from webapp.queries.coupon_pools import PoolRow, list_pools
from webapp.queries.figures import program_figures
from webapp.queries.last_times import LEDGER_VERIFIED, LastTime, last_time
from webapp.queries.latest_acts import LatestAct, latest_acts
from webapp.queries.money_figures import money_figures
from webapp.queries.referrals import Signup, latest_signups
from webapp.views.admin.case_words import question
from webapp.views.admin.overview_figures import overview_figures
from webapp.views.admin.owed import owed_card
from webapp.views.worth import worth_text, worths
from webapp.web import load_program, render

bp = Blueprint("overview", __name__)

# Acts that are read, of which those done together are one line; and lines that are shown.
ACTS_READ, LINES = 60, 6
_ICONS = {"rule": "list-check", "reward": "shield-check", "person": "users", "key": "key", "settings": "settings"}


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that waits: what, whose, how much, since when, and the way to it."""

    icon: str
    title: str
    text: str
    amounts: list[str]
    age: str
    url: str
    action: str


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened lately."""

    icon: str
    what: str
    who: str
    at: datetime


@bp.get("")
def index() -> Response:
    session, program, now = db.session(), load_program(), utc_now()
    today = local_day(now, program.time_zone)
    cases = open_cases(session, program.id)
    g.open_cases = len(cases)
    cash = money_figures(session, program.id, today)
    acts = latest_acts(session, program.id, limit=ACTS_READ)
    return render(
        "admin/overview/index.html",
        breached=_breached(session),
        greeting=_greeting(now.astimezone(ZoneInfo(program.time_zone))),
        summary=_summary(len(cases)),
        tasks=[*_tasks(session, program, cases, now), *_low_pools(list_pools(session, program.id))],
        figures=overview_figures(program_figures(session, program.id, today), cash, currency=program.currency),
        owed=owed_card(session, program, today=today, cash=cash.get(program.currency)),
        lately=_told(acts)[:LINES] if acts else [],
        signups=[] if acts else [_signup(one) for one in latest_signups(session, program.id, limit=LINES)],
    )


def _breached(session: Session) -> LastTime | None:
    """Return when the books were last found not to agree; None when they did, or were never verified."""
    last = last_time(session, LEDGER_VERIFIED)
    return last if last and last.found else None


def _greeting(local: datetime) -> str:
    name = current_user.first_name
    if 5 <= local.hour < 12:
        return _("Good morning, %(name)s", name=name)
    if 12 <= local.hour < 18:
        return _("Good afternoon, %(name)s", name=name)
    return _("Good evening, %(name)s", name=name)


def _summary(count: int) -> str:
    if not count:
        return _("Nothing waits for you. Rewards become payable by themselves when their hold is over.")
    words = _numbers()
    waits = (
        ngettext("%(count)s thing waits for you.", "%(count)s things wait for you.", count, count=number(count))
        if count not in words
        else words[count]()
    )
    meanwhile = _("Nothing is paid or released until you decide.")
    return f"{waits} {meanwhile}"


def _numbers() -> dict[int, Callable[[], str]]:
    return {
        1: lambda: _("One thing waits for you."),
        2: lambda: _("Two things wait for you."),
        3: lambda: _("Three things wait for you."),
        4: lambda: _("Four things wait for you."),
        5: lambda: _("Five things wait for you."),
    }


def _tasks(session: Session, program: Program, cases: list[OpenCase], now: datetime) -> list[Task]:
    if not cases:
        return []
    oldest = cases[0]
    names = names_in(session, program.id, [oldest.key])[oldest.key]
    days = (now - oldest.since).days
    return [
        Task(
            icon="shield-check",
            title=ngettext("One case to decide", "%(count)s cases to decide", len(cases), count=number(len(cases))),
            text=_("Oldest: %(question)s", question=question(oldest.key, oldest.friends, names)),
            amounts=[
                worth_text(one.amount, one.form, one.count)
                for one in worths(worth for case in cases for worth in case.worth)
            ],
            age=ngettext("%(num)d day", "%(num)d days", days) if days > 0 else _("since today"),
            url=url_for("admin.fraud.show", referrer_id=oldest.key.referrer_id, category=oldest.key.category, by="age"),
            action=_("Look at it") if len(cases) == 1 else _("Look at the first"),
        )
    ]


def _low_pools(pools: list[PoolRow]) -> list[Task]:
    return [
        Task(
            icon="discount",
            title=_("The coupon pool “%(name)s” is running low", name=pool.name),
            text=_("Whoever earns a coupon when it is empty waits for one."),
            amounts=[],
            age=ngettext("%(num)d code left", "%(num)d codes left", pool.left),
            url=url_for("admin.coupon_pools.show", pool_id=pool.id),
            action=_("Add codes"),
        )
        for pool in pools
        if pool.is_low
    ]


def _told(acts: list[LatestAct]) -> list[Line]:
    """Put acts into lines; what one person did to several things at one moment is one line."""
    together: dict[tuple[str, str | None, datetime], int] = {}
    for act in acts:
        key = (act.action, act.actor_name or act.actor, act.at)
        together[key] = together.get(key, 0) + 1
    lines = []
    for act in acts:
        count = together.pop((act.action, act.actor_name or act.actor, act.at), 0)
        if count:
            what = _(ACTIONS[act.action]) if act.action in ACTIONS else act.action
            nobody = _("Someone who is gone") if act.actor == "person" else _("The command line")
            lines.append(
                Line(
                    icon=_ICONS.get(act.action.partition("_")[0], "history"),
                    what=what if count == 1 else _("%(what)s, %(count)s times", what=what, count=number(count)),
                    who=act.actor_name or nobody,
                    at=act.at,
                )
            )
    return lines


def _signup(signup: Signup) -> Line:
    return Line(
        icon="user-plus",
        what=_("%(name)s joined", name=signup.friend_name),
        who=say(
            attribution_for_admin(
                signup.reason,
                signup.method,
                model=signup.model,
                window_days=signup.window_days,
            )
        ),
        at=signup.signed_up_at,
    )
