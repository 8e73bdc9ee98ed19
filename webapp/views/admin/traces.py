"""The trace of a conversion in words: what came of it, by which rules, and what happened since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.clock import utc_now
from webapp.domain.explain_for_staff import ACCOUNTS
from webapp.domain.money import Money
from webapp.domain.names import first_name
from webapp.domain.recomputing import Price, differs
from webapp.domain.refunds import still_earned
from webapp.domain.registry import counting_of
from webapp.domain.worth import Worth
from webapp.formatting import day, money, number
from webapp.queries.conversions import Decided
from webapp.queries.rewards import RewardRow
from webapp.queries.traces import ConversionFacts, EntryLine, RefundLine, RewardDeed
from webapp.views.admin.reward_words import (
    SIDES,
    actor_text,
    correction_label,
    deed_text,
    plain_day,
    status_label,
    type_label,
)
from webapp.views.admin.went_back import went_back
from webapp.views.worth import form_label, worth_text, worth_together, worths


@dataclass(frozen=True, slots=True)
class Hold:
    """Until when one reward is on hold."""

    title: str
    text: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One entry; either `debit` or `credit` has an amount."""

    number: str
    account: str
    debit: str
    credit: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """The entries of all rewards of a conversion, and their sums by currency: they balance, or the books are wrong."""

    title: str
    balances: bool
    rows: list[LedgerRow] = field(default_factory=list)
    sums: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that happened since."""

    at: datetime
    what: str
    who: str
    note: str | None
    icon: str


@dataclass(frozen=True, slots=True)
class Share:
    """What someone has of it, as it stands."""

    reward_id: UUID
    owner: str
    side: str
    amount: str
    granted: str
    status: str
    state_label: str
    seen_label: str
    correction: str
    corrects: UUID | None


def heading(about: ConversionFacts, rewards: Sequence[RewardRow]) -> str:
    """Say the result: what came from whom, and how many rewards it paid."""
    who = about.person_name or _("Someone unknown")
    if about.amount is not None:
        what = _("%(amount)s from %(name)s", amount=money(about.amount), name=who)
    else:
        what = _("%(type)s of %(name)s", type=type_label(about.type), name=who)
    # What was added later is part of the reward that it corrects.
    count = sum(not row.correction for row in rewards)
    if not count:
        return _("%(what)s paid nothing", what=what)
    counts = {
        1: lambda: _("%(what)s paid one reward", what=what),
        2: lambda: _("%(what)s paid two rewards", what=what),
        3: lambda: _("%(what)s paid three rewards", what=what),
    }
    if count in counts:
        return counts[count]()
    return ngettext("%(what)s paid %(num)d reward", "%(what)s paid %(num)d rewards", count, what=what)


def summary(about: ConversionFacts, decisions: Sequence[Decided]) -> str:
    """Say what kind of thing happened when, and which of its kind it was."""
    said = _("%(type)s on %(day)s", type=type_label(about.type), day=str(day(about.occurred_at).striptags()))
    if about.order_id:
        said = _("%(what)s, order %(order)s", what=said, order=about.order_id)
    nth = decisions[0].facts.nth_purchase if decisions else 0
    if about.person_id is None or about.type == "signup" or not nth:
        return f"{said}."
    which = _("Their first.") if nth == 1 else _("Number %(count)s of its kind from this person.", count=number(nth))
    return f"{said}. {which}"


def short_name(about: ConversionFacts) -> str:
    """Name a conversion, for the way back."""
    if about.order_id:
        return _("Order %(id)s", id=about.order_id)
    return _("%(type)s of %(day)s", type=type_label(about.type), day=plain_day(about.occurred_at))


def no_signup(about: ConversionFacts) -> str:
    if about.person_id is None:
        return _("Nobody gets the credit: nobody with an account was named")
    return _("Nobody gets the credit: this account was made by hand")


def holds(rewards: Sequence[RewardRow], about: ConversionFacts) -> list[Hold]:
    """Say of each reward until when it waits, and by whose word."""
    return [_hold(row, about) for row in rewards]


def ledger(entries: Sequence[EntryLine]) -> Ledger:
    """Put entries into rows: what is taken from an account is its debit, what is added its credit."""
    rows = [
        LedgerRow(
            number=f"{entry.transaction_id.hex[-6:]}.{entry.position}",
            account=_account(entry),
            debit=money(Money(-entry.amount.minor, entry.amount.currency)) if entry.amount.minor < 0 else "",
            credit=money(entry.amount) if entry.amount.minor > 0 else "",
        )
        for entry in entries
    ]
    credits = worths(Worth(entry.kind, entry.amount) for entry in entries if entry.amount.minor > 0)
    debits = {
        (one.form, one.amount.currency): -one.amount.minor
        for one in worths(Worth(entry.kind, entry.amount) for entry in entries if entry.amount.minor < 0)
    }
    balances = {(one.form, one.amount.currency): one.amount.minor for one in credits} == debits
    moved = worth_together(credits)
    if not entries:
        title = _("The ledger did not move")
    elif balances:
        title = _("The ledger moved %(amount)s, and balances", amount=moved)
    else:
        title = _("The ledger moved %(amount)s, and does not balance", amount=moved)
    sums = [
        (
            worth_text(Money(debits.get((one.form, one.amount.currency), 0), one.amount.currency), one.form),
            worth_text(one.amount, one.form),
        )
        for one in credits
    ]
    return Ledger(title, balances, rows, sums)


def ledger_owners(entries: Sequence[EntryLine]) -> list[tuple[UUID, str]]:
    """Return id and name of those whose accounts the entries are in, each once, in the order of the entries."""
    return list(dict.fromkeys((entry.owner_id, entry.owner_name) for entry in entries))


def since(
    deeds: Sequence[RewardDeed],
    refunds: Sequence[RefundLine],
    rewards: Sequence[RewardRow],
    owners: Mapping[UUID, str],
) -> list[Deed]:
    """Say what happened after the first rewards were granted, in the order of time. `owners` are theirs, by reward."""
    row_of = {row.id: row for row in rewards}
    # What went back comes before what that did to the rewards.
    told = [
        Deed(at=at, what=what, who=who, note=None, icon="rotate-2")
        for refund in refunds
        for at, what, who in went_back(refund)
    ]
    told += [
        Deed(
            at=deed.at,
            what=_(
                "%(what)s (%(name)s)",
                what=deed_text(deed, row.currency),
                name=_short(owners.get(row.id, "")) or SIDES[row.side](),
            ),
            who=actor_text(deed),
            note=deed.note,
            icon="rotate-2" if deed.taken_minor else _DEED_ICONS[deed.status],
        )
        for deed in deeds
        for row in [row_of[deed.reward_id]]
        if deed.sequence > 1 or row.bond or row.correction
    ]
    return sorted(told, key=lambda deed: deed.at)


def shares(rewards: Sequence[RewardRow], about: ConversionFacts) -> list[Share]:
    """Return each reward as it stands: whose, how much, in which state."""
    return [_share(row, about, rewards) for row in rewards]


def recomputed(
    about: ConversionFacts, decisions: Sequence[Decided], rewards: Sequence[RewardRow], refunded: tuple[int, int]
) -> tuple[bool, list[str]]:
    """Price every stored decision again. Returns whether there was one, and a line for each difference.

    `refunded` is how much went back, and by how many refunds and disputes.
    """
    asked, lines = False, []
    for decided in decisions:
        if decided.version is None:
            continue
        asked = True
        rule = decided.version.definition
        again = differs(rule, decided.facts, Price(decided.code, decided.amount))
        if again is not None:
            was, now = (_answer(one) for one in (Price(decided.code, decided.amount), again))
            lines.append(_("%(rule)s: stored was %(was)s, computed now is %(now)s.", rule=rule.name, was=was, now=now))
        of_rule = [
            row for row in rewards if row.version.rule_id == decided.version.rule_id and row.side == decided.side
        ]
        if counting_of(rule.settings) is not None:
            lines += _kept_otherwise(about, decided, of_rule, refunded)
            continue
        for row in of_rule:
            granted = Money(row.amount_minor, row.currency)
            if decided.amount is not None and granted != decided.amount and not row.correction:
                values = {"rule": rule.name, "was": money(decided.amount), "now": money(granted)}
                lines.append(_("%(rule)s: decided was %(was)s, granted was %(now)s.", **values))
    return asked, lines


_DEED_ICONS = {
    "held": "zoom-question",
    "pending": "hourglass",
    "approved": "circle-check",
    "in_payout": "upload",
    "paid": "check",
    "rejected": "circle-x",
    "reversed": "rotate-2",
}


def _hold(row: RewardRow, about: ConversionFacts) -> Hold:
    name = _owner(row, about)
    days = (row.matures_at - about.occurred_at).days
    if not days:
        return Hold(
            _("No hold for %(name)s", name=name), _("The rule has none, so it was approved at once."), is_over=True
        )
    by_rule = row.version.definition.hold_days is not None
    count = (
        ngettext(
            "%(num)d day from the event, as version %(version)s of the rule says.",
            "%(num)d days from the event, as version %(version)s of the rule says.",
            days,
            version=number(row.version.number),
        )
        if by_rule
        else ngettext(
            "%(num)d day from the event, as the program’s settings said.",
            "%(num)d days from the event, as the program’s settings said.",
            days,
        )
    )
    until = str(day(row.matures_at).striptags())
    if row.status in ("rejected", "reversed"):
        return Hold(_("The hold of %(name)s’s reward does not matter any more", name=name), count, is_over=True)
    if row.status == "held":
        text = _("%(hold)s Until someone decides it stays where it is, also when that is over.", hold=count)
        return Hold(_("%(name)s’s reward is held for a decision", name=name), text, is_over=False)
    if row.status == "pending" and row.matures_at > utc_now():
        text = _(
            "%(hold)s Then it becomes payable by itself, unless the order is refunded or someone holds it.", hold=count
        )
        return Hold(_("On hold until %(day)s, for %(name)s", day=until, name=name), text, is_over=False)
    if row.matures_at > utc_now():
        return Hold(_("The hold of %(name)s’s reward was ended early", name=name), count, is_over=True)
    return Hold(_("The hold of %(name)s’s reward was over on %(day)s", name=name, day=until), count, is_over=True)


def _kept_otherwise(
    about: ConversionFacts, decided: Decided, rewards: Sequence[RewardRow], refunded: tuple[int, int]
) -> list[str]:
    """Return a line when more or less is kept, over all rows, than is decided by now less what was refunded."""
    rule = decided.version.definition if decided.version else None
    if rule is None or not rewards or any(row.status == "rejected" for row in rewards):
        return []
    refunded_minor, refunds = refunded
    minor = about.amount.minor if about.amount else None
    earned = still_earned(
        decided.amount.minor if decided.amount else 0,
        proportional=rule.settings.proportional,
        amount_minor=minor,
        refunded_minor=refunded_minor,
        refunds=refunds,
        is_met=not refunded_minor or rule.is_met_after_refunds(decided.facts, (minor or 0) - refunded_minor),
    )
    kept = sum(row.amount_minor - row.reversed_minor - row.clawed_back_minor for row in rewards)
    if kept == earned:
        return []
    was, now = (money(Money(amount, rewards[0].currency)) for amount in (earned, kept))
    return [_("%(rule)s: earned are %(was)s, kept are %(now)s.", rule=rule.name, was=was, now=now)]


def _same_rule(one: RewardRow, other: RewardRow) -> bool:
    return (one.version.rule_id, one.side, one.bond) == (other.version.rule_id, other.side, other.bond)


def _account(entry: EntryLine) -> str:
    if entry.account == "expense":
        return _(ACCOUNTS["expense"])
    said = _("%(account)s, %(name)s", account=_(ACCOUNTS[entry.account]), name=entry.owner_name)
    form = form_label(entry.kind)
    return _("%(account)s (%(form)s)", account=said, form=form) if form else said


def _owner(row: RewardRow, about: ConversionFacts) -> str:
    name = about.person_name if row.beneficiary_id == about.person_id else about.referrer_name
    return _short(name or "") or SIDES[row.side]()


def _short(name: str) -> str:
    return first_name(name) or name


def _share(row: RewardRow, about: ConversionFacts, rewards: Sequence[RewardRow]) -> Share:
    corrects = next((one for one in rewards if not one.correction and _same_rule(one, row)), None)
    name = about.person_name if row.beneficiary_id == about.person_id else about.referrer_name
    kept = Money(0 if row.status == "rejected" else row.amount_minor - row.taken_minor, row.currency)
    return Share(
        reward_id=row.id,
        owner=name or "",
        side=SIDES[row.side](),
        amount=worth_text(kept, row.kind),
        granted=money(Money(row.amount_minor, row.currency)) if kept.minor != row.amount_minor else "",
        status=row.status,
        state_label=status_label(row.status, since=row.since, matures_at=row.matures_at),
        seen_label=_("What %(name)s sees", name=_owner(row, about)),
        correction=correction_label(row.correction, corrects.amount_minor if corrects else 0, row.currency)
        if row.correction
        else "",
        corrects=corrects.id if row.correction and corrects else None,
    )


def _answer(price: Price) -> str:
    return f"{money(price.amount)} ({price.code})" if price.amount else price.code
