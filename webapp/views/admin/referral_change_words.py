"""What a change of a referral does, in words and in money."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.domain.names import first_name
from webapp.domain.referral_changes import REASONS, Kind, Problem
from webapp.formatting import number
from webapp.queries.bonds import MadeChange
from webapp.services.referral_money import Ended, Granted, Moved
from webapp.views.admin.reward_words import plain_day
from webapp.views.worth import worth_together


@dataclass(frozen=True, slots=True)
class Names:
    """Who it is about: the friend, and who was credited and who is; None for nobody."""

    friend: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Consequence:
    """One thing that a change does."""

    icon: str
    text: str


@dataclass(frozen=True, slots=True)
class ChangeCard:
    """One change in the timeline of a signup."""

    title: str
    reason: str
    by: str
    at: datetime
    code: str | None
    note: str | None
    icon: str


def heading(kind: Kind, names: Names) -> str:
    """Ask, as the heading of both steps."""
    if kind == "remove":
        return _("Take the credit for %(friend)s from %(before)s?", friend=names.friend, before=names.before or "")
    if names.after is None:
        return _("Who is to be credited with %(friend)s?", friend=names.friend)
    return _("Credit %(after)s with %(friend)s?", after=names.after, friend=names.friend)


def button(kind: Kind, names: Names) -> str:
    """Say on the button what it does."""
    if kind == "remove":
        return _("Take the credit away")
    if kind == "assign":
        return _("Credit %(name)s", name=_short(names.after))
    return _("Move to %(name)s", name=_short(names.after))


def consequences(moved: Moved, names: Names, *, now: datetime) -> list[Consequence]:
    """Say in money what happens, one line for each thing."""
    lines = []
    for side, name in (("referrer", names.before), ("friend", names.friend)):
        if taken := [one for one in moved.taken if one.side == side]:
            lines.append(Consequence("rotate-2", _taken(taken, _short(name))))
    if names.before and not any(one.side == "referrer" for one in moved.taken):
        kept = _("%(name)s keeps nothing of it that could be taken back.", name=_short(names.before))
        lines.append(Consequence("minus", kept))
    for side, name in (("referrer", names.after), ("friend", names.friend)):
        if granted := [one for one in moved.granted if one.side == side and one.is_kept]:
            lines.append(Consequence("gift", _granted(granted, _short(name), now=now)))
    if names.after and not any(one.side == "referrer" and one.is_kept for one in moved.granted):
        nothing = _("%(name)s gets no reward: the rules pay nothing for what happened.", name=_short(names.after))
        lines.append(Consequence("minus", nothing))
    if moved.kind == "move" and not any(one.side == "friend" for one in (*moved.taken, *moved.granted)):
        own = _("%(name)s keeps their own rewards.", name=_short(names.friend))
        lines.append(Consequence("check", own))
    for who, name in ((moved.former_id, names.before), (moved.referrer_id, names.after)):
        lines += [Consequence("users", text) for text in _beside(moved, who, _short(name))]
    return [*lines, Consequence("users", _counts(moved.kind, names))]


def done_text(moved: Moved, names: Names) -> str:
    """Say what was done."""
    if moved.kind == "remove":
        return _("Nobody is credited with %(friend)s any more.", friend=names.friend)
    return _("%(after)s is credited with %(friend)s now.", after=names.after, friend=names.friend)


def problem_text(problem: Problem, friend: str) -> str:
    """Say why somebody cannot be credited, and what to do."""
    return {
        "same_person": lambda: _(
            "This is %(friend)s: the same account or the same mailbox. Nobody refers themselves.", friend=friend
        ),
        "loop": lambda: _(
            "%(friend)s brought this person here, directly or through others. Nobody brings who brought them.",
            friend=friend,
        ),
        "same_referrer": lambda: _("This person is credited with %(friend)s already.", friend=friend),
        "retired_link": lambda: _("This link is retired, and a retired link is credited with nobody. Choose another."),
        "never_signed_up": lambda: _("This account was made by hand, so there is no signup to be credited."),
    }[problem]()


def change_card(change: MadeChange) -> ChangeCard:
    """Put a change that was made into words."""
    if change.kind == "move":
        title = _("Moved from %(before)s to %(after)s", before=change.from_name, after=change.to_name)
    elif change.kind == "assign":
        title = _("%(after)s was credited", after=change.to_name)
    else:
        title = _("The credit was taken from %(before)s", before=change.from_name)
    return ChangeCard(
        title=title,
        reason=_(REASONS[change.reason]) if change.reason in REASONS else change.reason,
        by=change.by_name,
        at=change.at,
        code=change.to_code,
        note=change.note,
        icon="circle-x" if change.kind == "remove" else "user-plus",
    )


def _taken(taken: Sequence[Ended], name: str) -> str:
    amount = worth_together(one.worth for one in taken)
    count = len({one.reward_id for one in taken})
    lines = [
        ngettext(
            "%(count)s reward of %(name)s, worth %(amount)s, is taken back.",
            "%(count)s rewards of %(name)s, worth %(amount)s, are taken back.",
            count,
            count=number(count),
            name=name,
            amount=amount,
        )
    ]
    if owed := [one.worth for one in taken if one.taken_as == "clawback"]:
        said = _(
            "%(amount)s of it was paid or is on its way, and lowers what %(name)s is paid next.",
            amount=worth_together(owed),
            name=name,
        )
        lines.append(said)
    return " ".join(lines)


def _granted(granted: Sequence[Granted], name: str, *, now: datetime) -> str:
    amount = worth_together(one.worth for one in granted)
    count = len(granted)
    lines = [
        ngettext(
            "%(name)s gets %(count)s reward, worth %(amount)s.",
            "%(name)s gets %(count)s rewards, worth %(amount)s.",
            count,
            count=number(count),
            name=name,
            amount=amount,
        )
    ]
    held = sum(one.status == "held" for one in granted)
    if held:
        lines.append(
            ngettext(
                "%(count)s of them is held for a decision, because it was doubted before.",
                "%(count)s of them are held for a decision, because they were doubted before.",
                held,
                count=number(held),
            )
        )
    if held < count:
        waiting = [one.matures_at for one in granted if one.status == "pending" and one.matures_at > now]
        lines.append(_ready(max(waiting, default=None), is_all=not held))
    return " ".join(lines)


def _beside(moved: Moved, who: UUID | None, name: str) -> list[str]:
    """Say by how much what somebody has of other friends changes: how many count is part of what those earn."""
    theirs = [one for one in moved.beside if one.beneficiary_id == who]
    said = []
    if less := [one.worth for one in theirs if one.minor < 0]:
        amount = worth_together(less)
        said.append(
            _("%(name)s has %(amount)s less of other friends, since it changes who counts.", name=name, amount=amount)
        )
    if more := [one.worth for one in theirs if one.minor > 0]:
        amount = worth_together(more)
        said.append(
            _("%(name)s has %(amount)s more of other friends, since it changes who counts.", name=name, amount=amount)
        )
    return said


def _ready(last: datetime | None, *, is_all: bool) -> str:
    """Say when what is not held is ready; `last` is None when none of it waits."""
    if last is None:
        return _("All of it is ready at once.") if is_all else _("The rest is ready at once.")
    day = plain_day(last)
    return _("All of it is ready by %(day)s.", day=day) if is_all else _("The rest is ready by %(day)s.", day=day)


def _counts(kind: Kind, names: Names) -> str:
    if kind == "remove":
        return _(
            "The signup, and what %(name)s bought, count for nobody any more. Clicks stay.", name=_short(names.friend)
        )
    return _(
        "The signup, and what %(friend)s bought or will buy, count for %(name)s. Clicks stay where they are.",
        friend=_short(names.friend),
        name=_short(names.after),
    )


def _short(name: str | None) -> str:
    return first_name(name or "") or name or ""
