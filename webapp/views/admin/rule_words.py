"""Reward rules as pages for admins say them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.domain.periods import local_day
from webapp.domain.rule_words import (
    conditions_of,
    dates_of,
    differences,
    group_of,
    hold_of,
    limits_of,
    parts_of,
    rule_sentence,
    unchanged,
)
from webapp.domain.rules import RuleDefinition
from webapp.formatting import day_words, exact_moment, money, number, say
from webapp.queries.rules import Paid, Publishing, Version
from webapp.views.admin.filters import AsOf
from webapp.views.worth import worth_text
from webapp.web import load_program


@dataclass(frozen=True, slots=True)
class StateLook:
    """A state as the macro of states takes it, with its word."""

    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Earning:
    """What a rule paid lately in one currency."""

    amount: str
    note: str


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule in the list."""

    id: UUID
    name: str
    state: StateLook
    number: int
    since: datetime
    sentence: str
    conditions: list[str]
    limits: list[str]
    group: list[str]
    hold: str
    earnings: list[Earning]


@dataclass(frozen=True, slots=True)
class PastRow:
    """A version as of a moment: what it said, until when it held (None while it does), and the newest one's number.

    `differs` says whether the newest one says or does something else.
    """

    rule: RuleRow
    dates: list[str]
    until: datetime | None
    newest: int
    differs: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """What differs about one thing: its label, what is gone and what is new."""

    label: str
    gone: list[str]
    new: list[str]


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version in the history of a rule. `changes` are against the version before."""

    number: int
    state: StateLook
    since: datetime
    by: str
    note: str
    what: str
    changes: list[Changed]
    # Whether the newest version says something else.
    differs: bool


def state_look(state: str) -> StateLook:
    """Return how a state of a rule looks."""
    labels = {"live": _("Live"), "paused": _("Paused"), "ended": _("Ended")}
    return StateLook(f"rule_{state}", labels[state])


def rule_row(version: Version, paid: Sequence[Paid]) -> RuleRow:
    """Return a rule as the list shows it."""
    rule = version.definition
    return RuleRow(
        id=version.rule_id,
        name=rule.name,
        state=state_look(version.state),
        number=version.number,
        since=version.live_from,
        sentence=say(rule_sentence(rule)),
        conditions=[say(one) for one in conditions_of(rule)],
        limits=[say(one) for one in limits_of(rule)],
        group=[say(one) for one in group_of(rule)],
        hold=say(hold_of(rule)),
        earnings=[_earning(one) for one in paid],
    )


def _earning(paid: Paid) -> Earning:
    count = ngettext("%(count)s reward", "%(count)s rewards", paid.rewards, count=number(paid.rewards))
    if paid.withdrawn.minor:
        count += ", " + _("%(amount)s taken back", amount=money(paid.withdrawn))
    return Earning(worth_text(paid.granted, paid.kind, paid.rewards), count)


def past_row(version: Version, versions: Sequence[Version]) -> PastRow:
    """Return a version as it was. `versions` are all of its rule."""
    newest = versions[-1]
    return PastRow(
        rule=rule_row(version, ()),
        dates=[say(one) for one in dates_of(version.definition)],
        until=held_until(version, versions),
        newest=newest.number,
        differs=(newest.definition, newest.state) != (version.definition, version.state),
    )


def held_until(version: Version, versions: Sequence[Version]) -> datetime | None:
    """Return when the next version took its place; None while none has."""
    return next((one.live_from for one in versions if one.number == version.number + 1), None)


def asked_words(asked: AsOf) -> str:
    """Say as of which moment something is shown, in the middle of a sentence."""
    moment = exact_moment(asked.moment)
    if asked.is_day:
        return _("at the end of %(day)s", day=day_words(local_day(asked.moment, load_program().time_zone)))
    return _("on %(moment)s", moment=moment)


def changes_between(before: RuleDefinition, after: RuleDefinition) -> list[Changed]:
    """Return in words what `after` says differently."""
    return [
        Changed(_say_label(one.label), [say(words) for words in one.gone], [say(words) for words in one.new])
        for one in differences(before, after)
    ]


def all_of(rule: RuleDefinition) -> list[Changed]:
    """Return all that a new rule says."""
    return [
        Changed(_say_label(part.label), [], [say(one) for one in part.says]) for part in parts_of(rule) if part.says
    ]


def stays(before: RuleDefinition, after: RuleDefinition) -> str:
    """Return the names of what stays, in a line; empty when nothing does."""
    return " · ".join(_say_label(label) for label in unchanged(before, after))


def facts_of(rule: RuleDefinition) -> list[tuple[str, list[str]]]:
    """Return label and words of all that a rule says, but its name."""
    return [(_say_label(part.label), [say(one) for one in part.says]) for part in parts_of(rule)[1:] if part.says]


def version_rows(versions: Sequence[Version], published: dict[int, Publishing]) -> list[VersionRow]:
    """Return the history of a rule, the newest version first."""
    rows = []
    for version, before in zip(versions, (None, *versions[:-1]), strict=True):
        by = published[version.number]
        rows.append(
            VersionRow(
                number=version.number,
                state=state_look(version.state),
                since=version.live_from,
                by=by.by_name or (_("someone whose account is gone") if by.by_id else _("the command line")),
                note=by.note,
                what=_happened(version, before),
                changes=changes_between(before.definition, version.definition) if before else [],
                differs=version.definition != versions[-1].definition,
            )
        )
    return rows[::-1]


def _happened(version: Version, before: Version | None) -> str:
    if before is None:
        return _("The first version")
    if version.state != before.state:
        words = {"live": _("Goes on"), "paused": _("Paused"), "ended": _("Ended")}
        return words[version.state]
    return _("Changed")


def _say_label(message: str) -> str:
    return _(message)
