"""What can be decided about rewards, with what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.domain.reward_decisions import Choice
from webapp.domain.worth import Worth
from webapp.formatting import number
from webapp.queries.cases import HeldReward
from webapp.queries.reward_lists import ListedReward
from webapp.views.admin.reward_words import plain_day
from webapp.views.worth import worth_together

# What each is called on a button for one reward, and for several.
_SHORT = {
    "release": lambda: _("Release"),
    "approve": lambda: _("Approve now"),
    "hold": lambda: _("Put on hold"),
    "reject": lambda: _("Reject"),
}
ICONS = {"release": "rotate-2", "approve": "circle-check", "hold": "lock", "reject": "circle-x"}


@dataclass(frozen=True, slots=True)
class ChoiceCard:
    """One decision about one reward: its button, and what follows."""

    name: str
    label: str
    icon: str
    consequence: str


def short_label(name: str) -> str:
    return _SHORT[name]()


def choice_cards(row: ListedReward, choices: Sequence[Choice], *, now: datetime) -> list[ChoiceCard]:
    return [
        ChoiceCard(
            name=choice.name,
            label=button_label(choice, [row.worth]),
            icon=ICONS[choice.name],
            consequence=consequence(choice, [row], now=now),
        )
        for choice in choices
    ]


def button_label(choice: Choice, kept: Sequence[Worth]) -> str:
    """Say the decision on its button: the amount of one reward, the number and the amount of several."""
    amount = worth_together(kept)
    if len(kept) == 1:
        return {
            "release": lambda: _("Release %(amount)s", amount=amount),
            "approve": lambda: _("Approve %(amount)s now", amount=amount),
            "hold": lambda: _("Hold %(amount)s", amount=amount),
            "reject": lambda: _("Reject %(amount)s", amount=amount),
        }[choice.name]()
    count = number(len(kept))
    return {
        "release": lambda: _("Release %(count)s rewards, %(amount)s", count=count, amount=amount),
        "approve": lambda: _("Approve %(count)s rewards now, %(amount)s", count=count, amount=amount),
        "hold": lambda: _("Hold %(count)s rewards, %(amount)s", count=count, amount=amount),
        "reject": lambda: _("Reject %(count)s rewards, %(amount)s", count=count, amount=amount),
    }[choice.name]()


def consequence(choice: Choice, rows: Sequence[ListedReward | HeldReward], *, now: datetime) -> str:
    """Say what follows from a decision about these rewards."""
    waiting = [row.matures_at for row in rows if row.matures_at > now]
    if choice.name == "hold":
        return _("They stay where they are until someone decides. Whoever earns them reads that a person checks them.")
    if choice.name == "reject":
        return _("Nothing is paid. Whoever earns it reads the reason, in friendly words, and what they can do.")
    if choice.name == "release":
        if not waiting:
            return _("The hold is over, so the next run of the job makes it payable, within minutes.")
        if len(rows) == 1:
            return _("Back into its hold. Payable on %(day)s, unless the order is refunded.", day=plain_day(waiting[0]))
        return _("Back into their holds. The last is payable on %(day)s.", day=plain_day(max(waiting)))
    if not waiting:
        return _("Payable from now on: the hold is over.")
    if len(rows) == 1:
        return _("Payable from now on, before its hold is over on %(day)s.", day=plain_day(waiting[0]))
    return ngettext(
        "Payable from now on. For one of them that is before its hold is over; the last would be over on %(day)s.",
        "Payable from now on. For %(num)d of them that is before the hold is over; the last would be over on %(day)s.",
        len(waiting),
        day=plain_day(max(waiting)),
    )


def done_text(choice: Choice, rows: Sequence[ListedReward]) -> str:
    """Say what was done."""
    kept, count = worth_together([row.worth for row in rows]), len(rows)
    words = {"count": number(count), "amount": kept}
    return {
        "release": lambda: ngettext(
            "%(count)s reward is released, %(amount)s.", "%(count)s rewards are released, %(amount)s.", count, **words
        ),
        "approve": lambda: ngettext(
            "%(count)s reward is approved, %(amount)s.", "%(count)s rewards are approved, %(amount)s.", count, **words
        ),
        "hold": lambda: ngettext(
            "%(count)s reward is held, %(amount)s.", "%(count)s rewards are held, %(amount)s.", count, **words
        ),
        "reject": lambda: ngettext(
            "%(count)s reward is rejected, %(amount)s.", "%(count)s rewards are rejected, %(amount)s.", count, **words
        ),
    }[choice.name]()
