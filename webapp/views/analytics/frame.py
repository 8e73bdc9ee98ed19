"""What all pages of the analytics share: the period and the filter in the URL, and the ways from page to page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from flask import abort, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.clock import utc_now
from webapp.domain.chosen_period import DEFAULT_DAYS, PRESETS, Period, PeriodError, read_period
from webapp.domain.periods import local_day
from webapp.extensions import db
from webapp.formatting import day_words, days_short, number, say
from webapp.models import Program
from webapp.queries.analytics import Scope, ScopeNames, find_scope
from webapp.web import load_program

LONGEST_TYPED = 40


@dataclass(frozen=True, slots=True)
class Way:
    """A link to another view of the same; `id` keeps the keyboard's place when the page is swapped."""

    id: str
    label: str
    url: str
    here: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What was asked for. `problem` says why the period that was asked for is none; then `period` is the last 30 days.

    `kept` is what stands in the URL of every page.
    """

    program: Program
    today: date
    period: Period
    scope: Scope
    names: ScopeNames | None = None
    problem: str | None = None
    is_custom: bool = False
    kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return 422 if self.problem else 200

    @property
    def in_days(self) -> str:
        """The period in the middle of a sentence."""
        if not self.is_custom:
            return ngettext("in %(days)s day", "in %(days)s days", self.period.days, days=number(self.period.days))
        if self.period.days == 1:
            return _("on %(day)s", day=day_words(self.period.first))
        return _("from %(first)s to %(last)s", first=day_words(self.period.first), last=day_words(self.period.last))

    @property
    def than_before(self) -> str:
        """The period before, as the end of a comparison."""
        days = self.period.days
        return ngettext("than on the day before", "than in the %(days)s days before", days, days=number(days))

    def url(self, endpoint: str | None = None, **changed: str | int | None) -> str:
        """Return the URL of a page with the same period and filter, apart from what changes; None leaves it out."""
        wanted = {**self.kept, **changed}
        values = {name: value for name, value in wanted.items() if value is not None}
        return url_for(endpoint or request.endpoint or "analytics.overview.index", **values)

    @property
    def pages(self) -> list[Way]:
        """The pages of the analytics."""
        pages = (
            ("overview", _("Overview")),
            ("funnel", _("Funnel")),
            ("referrers", _("Referrers")),
            ("links", _("Links and campaigns")),
            ("rewards", _("Rewards")),
            ("cohorts", _("Cohorts")),
        )
        here = (request.endpoint or "").split(".")[1]
        return [Way(f"page-{page}", label, self.url(f"analytics.{page}.index"), page == here) for page, label in pages]

    @property
    def presets(self) -> list[Way]:
        """The periods that are one step away."""
        return [
            Way(
                f"period-{days}",
                ngettext("%(days)s day", "%(days)s days", days, days=number(days)),
                self.url(days=days, **NO_DAYS),
                not self.is_custom and not self.problem and self.period.days == days,
            )
            for days in PRESETS
        ]

    @property
    def custom_label(self) -> str:
        return days_short(self.period.first, self.period.last) if self.is_custom else _("Custom")

    @property
    def shown_first(self) -> str:
        return self._shown("from", self.period.first)

    @property
    def shown_last(self) -> str:
        return self._shown("to", self.period.last)

    def _shown(self, name: str, chosen: date) -> str:
        """Return what a field of the form holds: when something is wrong what was typed, as far as it is a day."""
        if self.problem is None:
            return chosen.isoformat()
        try:
            return date.fromisoformat(request.args.get(name, "")).isoformat()
        except ValueError:
            return ""

    @property
    def wider(self) -> Way:
        """A period with more in it, for those who find nothing in this one."""
        days = DEFAULT_DAYS if self.period.days < DEFAULT_DAYS else PRESETS[-1]
        label = ngettext("Look at %(days)s day", "Look at %(days)s days", days, days=number(days))
        return Way("wider", label, self.url(days=days, **NO_DAYS), here=False)

    @property
    def filter_label(self) -> str | None:
        """What the figures are narrowed to; None for the whole program."""
        if self.names is None:
            return None
        if self.names.code is None:
            return _("Only what %(name)s shares", name=self.names.referrer_name)
        return _("Only the link %(link)s", link=self.names.label or self.names.code)

    @property
    def unfiltered_url(self) -> str:
        return self.url(link=None, referrer=None)

    @property
    def filename(self) -> str:
        """The end of the names of files: the period."""
        return f"{self.period.first.isoformat()}-{self.period.last.isoformat()}"


NO_DAYS: dict[str, None] = {"from": None, "to": None}


def read_frame() -> Frame:
    """Read period and filter from the URL. A link or a referrer that the program does not have is not found."""
    program = load_program()
    today = local_day(utc_now(), program.time_zone)
    days, first, last = (request.args.get(name, "")[:LONGEST_TYPED] for name in ("days", "from", "to"))
    problem, is_custom, kept = None, bool(first or last), {}
    try:
        period = read_period(days, first, last, today=today)
        kept = {"from": first, "to": last} if is_custom else {"days": days} if days else {}
    except PeriodError as error:
        period, problem, is_custom = Period.ending(today, DEFAULT_DAYS), say(error.sentence), False
    link_id, referrer_id = _id("link"), _id("referrer")
    scope = Scope(program.id, link_id, referrer_id if link_id is None else None)
    names = None
    if not scope.is_whole:
        names = find_scope(db.session(), scope) or abort(404)
        kept |= {"link": str(link_id)} if link_id else {"referrer": str(referrer_id)}
    return Frame(program, today, period, scope, names, problem, is_custom, kept)


def read_frame_of_file() -> Frame:
    """Read the same for a file, which has no form to say in what is wrong."""
    frame = read_frame()
    return frame if frame.problem is None else abort(422)


def _id(name: str) -> UUID | None:
    given = request.args.get(name)
    if not given:
        return None
    try:
        return UUID(given)
    except ValueError:
        abort(404)
