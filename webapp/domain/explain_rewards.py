"""Where a reward stands, in words for the one who earns it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from webapp.domain import conditions
from webapp.domain.appeals import APPEALED, RELEASES
from webapp.domain.explain import Words
from webapp.domain.money import Money
from webapp.domain.referral_changes import ENDINGS
from webapp.domain.reward_decisions import rejection_for_owner
from webapp.domain.rewards import Form, Status
from webapp.domain.sentences import N_, NN_, Sentence, counted
from webapp.domain.signal_registry import Category
from webapp.domain.suspicion import BANNED, FRIEND_REJECTED, FRIENDS_DOUBTED, FROM_THE_BEGINNING


@dataclass(frozen=True, slots=True)
class Stand:
    """A reward as it stands. `reason` is that of the last event of its history, `since` is when it came to its status.

    `reversed_minor` was taken back before a payout was frozen, `clawed_back_minor` afterwards, both less what was given
    back; nobody asks for `written_off_minor` of that any more.
    """

    status: Status
    reason: str
    since: datetime
    amount: Money
    reversed_minor: int
    clawed_back_minor: int
    occurred_at: datetime
    matures_at: datetime
    # A change of the referral ended it.
    has_ended: bool = False
    written_off_minor: int = 0
    # Another reward for the same thing is paid in its stead.
    is_replaced: bool = False
    # It adds to another reward for the same thing.
    is_correction: bool = False
    form: Form = "cash"
    # Why it is held, whatever happened since then, and of what kind that is: never which check it was.
    doubt: str = ""
    category: Category = "orders"
    # They have appealed before.
    is_appealed: bool = False
    # It is for what they did themselves, as somebody's friend.
    is_own: bool = False

    @property
    def kept(self) -> Money:
        """What the person keeps in the end: nothing of what was rejected."""
        if self.status == "rejected":
            return Money(0, self.amount.currency)
        taken = self.reversed_minor + self.clawed_back_minor - self.written_off_minor
        return Money(self.amount.minor - taken, self.amount.currency)

    @property
    def by_bank(self) -> bool:
        """Whether what happened last is a dispute."""
        return self.reason in ("charged_back", "dispute_won")


def reward_for_owner(stand: Stand) -> Words:
    """Say where a reward stands and what that rests on."""
    title, because = _BESIDES_MONEY.get((stand.form, stand.status), _STANDS[stand.status])(stand)
    if stand.is_correction:
        because = (Sentence(N_("It adds to an earlier reward for the same thing.")), *because)
    return Words(title, (*because, *_taken_off(stand)))


def _pending(stand: Stand) -> tuple[Sentence, tuple[Sentence, ...]]:
    days = (stand.matures_at - stand.occurred_at).days
    wait = NN_(
        "It waits one day, in case the order is sent back.",
        "It waits %(days)s days, in case the order is sent back.",
    )
    title = Sentence(N_("Ready on %(day)s"), {"day": stand.matures_at})
    return title, (counted(wait, days, {"days": days}),)


def _held(stand: Stand) -> tuple[Sentence, tuple[Sentence, ...]]:
    if stand.doubt == APPEALED:
        return Sentence(N_("We are looking at it again")), (
            Sentence(N_("You told us how you see it. A person reads that and decides anew; then it is final.")),
            _NOTHING_LOST,
        )
    titles, reasons = (_OWN_CHECKS, _OWN_REASONS) if stand.is_own else (_CHECKS, _REASONS)
    why = _DOUBTS.get(stand.doubt, reasons[stand.category])
    return Sentence(titles[stand.category]), (Sentence(why), _NOTHING_LOST, _AFTER_A_CHECK)


_NOTHING_LOST = Sentence(N_("Nothing is lost meanwhile: the reward stays here until someone has decided."))
_AFTER_A_CHECK = Sentence(
    N_("Then it goes on as if nothing had been, or you read here why it does not count, and can answer.")
)
_CHECKS: Mapping[Category, str] = {
    "person": N_("We are checking this signup"),
    "traffic": N_("We are checking how this friend came"),
    "orders": N_("We are checking this order"),
}
_OWN_CHECKS: Mapping[Category, str] = {
    "person": N_("We are checking your signup"),
    "traffic": N_("We are checking how you came to us"),
    "orders": N_("We are checking your order"),
}
_REASONS: Mapping[Category, str] = {
    "person": N_("Before anything is paid for this friend, a person has a look at how they signed up."),
    "traffic": N_("Before anything is paid for this friend, a person has a look at the way by which they found us."),
    "orders": N_("Before it is paid, a person has a look at the order."),
}
_OWN_REASONS: Mapping[Category, str] = {
    "person": N_("Before it is yours, a person has a look at how you signed up."),
    "traffic": N_("Before it is yours, a person has a look at the way by which you found us."),
    "orders": N_("Before it is yours, a person has a look at your order."),
}
_DOUBTS: Mapping[str, str] = {
    FRIEND_REJECTED: N_("We looked at this friend before, so a person looks at what they do since."),
    BANNED: N_("Your account cannot earn rewards at the moment. What is not paid yet waits for a person."),
    FRIENDS_DOUBTED: N_(
        "How many friends you brought decides about this reward, and we are still checking some of them."
    ),
    "bonus_doubted": N_("This bonus was being checked with another friend before, so a person looks at it here too."),
}


def _approved(stand: Stand) -> tuple[Sentence, tuple[Sentence, ...]]:
    title = Sentence(N_("Ready to be paid"))
    if stand.matures_at <= stand.occurred_at:
        return title, (Sentence(N_("This reward does not wait.")),)
    if stand.since < stand.matures_at:
        return title, (Sentence(N_("A person looked at the order, and it need not wait any longer.")),)
    return title, (Sentence(N_("The wait was over on %(day)s."), {"day": stand.matures_at}),)


def _in_payout(stand: Stand) -> tuple[Sentence, tuple[Sentence, ...]]:
    return Sentence(N_("On its way")), (Sentence(N_("It was put into a payment on %(day)s."), {"day": stand.since}),)


def _paid(stand: Stand) -> tuple[Sentence, tuple[Sentence, ...]]:
    return Sentence(N_("Paid on %(day)s"), {"day": stand.since}), ()


def _rejected(stand: Stand) -> tuple[Sentence, tuple[Sentence, ...]]:
    return Sentence(N_("Not counted")), rejection_for_owner(stand.reason, is_final=stand.is_appealed)


def _reversed(stand: Stand) -> tuple[Sentence, tuple[Sentence, ...]]:
    if stand.reason in ENDINGS:
        return Sentence(N_("This friend counts for you no longer")), (
            Sentence(N_("So it was decided after a check on %(day)s."), {"day": stand.since}),
        )
    if stand.reason == "refunded":
        return Sentence(N_("The order was sent back")), ()
    if stand.reason == "charged_back":
        return Sentence(N_("A bank took the payment back")), (
            Sentence(N_("If that turns out to be wrong, the reward comes back.")),
        )
    if stand.reason in ("purchase_limit", *conditions.CODES):
        return Sentence(N_("The order does not count any more")), (
            Sentence(N_("An earlier order was reported late, so this one is no longer among those that count.")),
        )
    if stand.reason == "recounted" and stand.is_replaced:
        return Sentence(N_("Another reward is paid in its stead")), (
            Sentence(N_("Of several rewards for the same thing only the highest is paid, and that changed.")),
        )
    if stand.reason == "recounted":
        return Sentence(N_("Fewer friends count now")), (
            Sentence(N_("This was earned by how many of your friends count, and by now they are fewer.")),
        )
    return Sentence(N_("Taken back")), ()


_STANDS = {
    "pending": _pending,
    "held": _held,
    "approved": _approved,
    "in_payout": _in_payout,
    "paid": _paid,
    "rejected": _rejected,
    "reversed": _reversed,
}


def _spendable(_stand: Stand) -> tuple[Sentence, tuple[Sentence, ...]]:
    return Sentence(N_("Ready to be spent")), (Sentence(N_("It is store credit: the shop takes it when you pay.")),)


def _spent(stand: Stand) -> tuple[Sentence, tuple[Sentence, ...]]:
    return Sentence(N_("Spent, the last of it on %(day)s"), {"day": stand.since}), ()


def _to_be_handed_out(_stand: Stand) -> tuple[Sentence, tuple[Sentence, ...]]:
    return Sentence(N_("Your coupon is on its way")), (
        Sentence(N_("No code is left just now. You get one as soon as there are more; nothing is lost meanwhile.")),
    )


def _handed_out(stand: Stand) -> tuple[Sentence, tuple[Sentence, ...]]:
    return Sentence(N_("Yours since %(day)s"), {"day": stand.since}), (
        Sentence(N_("Type the code when you pay in the shop.")),
    )


def _to_be_fulfilled(_stand: Stand) -> tuple[Sentence, tuple[Sentence, ...]]:
    return Sentence(N_("We are seeing to it")), (Sentence(N_("It is yours; somebody has to hand it over or book it.")),)


def _fulfilled(stand: Stand) -> tuple[Sentence, tuple[Sentence, ...]]:
    return Sentence(N_("Done on %(day)s"), {"day": stand.since}), ()


_BESIDES_MONEY = {
    ("credit", "approved"): _spendable,
    ("credit", "paid"): _spent,
    ("coupon", "approved"): _to_be_handed_out,
    ("coupon", "paid"): _handed_out,
    ("custom", "approved"): _to_be_fulfilled,
    ("custom", "paid"): _fulfilled,
}


def _taken_off(stand: Stand) -> tuple[Sentence, ...]:
    currency = stand.amount.currency
    said: list[Sentence] = []
    if stand.form == "coupon":
        # It has no amount.
        return ()
    if stand.status == "reversed":
        said.append(
            Sentence(N_("The %(amount)s were taken off again before they were paid."), {"amount": stand.amount})
        )
    elif stand.reversed_minor:
        values = {"taken": Money(stand.reversed_minor, currency), "amount": stand.amount}
        said.append(Sentence(_why_taken(stand)[0], values))
    owed = Money(stand.clawed_back_minor - stand.written_off_minor, currency)
    values = {"taken": owed}
    if stand.status == "rejected":
        # Nothing is owed of what ended.
        return tuple(said)
    if owed.minor < 0:
        more = N_("%(taken)s came back after the payment began, so they are added to what you earn next.")
        said.append(Sentence(more, {"taken": Money(-owed.minor, currency)}))
    elif owed.minor and stand.has_ended:
        credited = N_("After a check this friend counts for you no longer, so %(taken)s come off what you earn next.")
        said.append(Sentence(credited, values))
    elif owed.minor and stand.form == "credit":
        said.append(Sentence(_BY_BANK[2] if stand.by_bank else _SENT_BACK[2], values))
    elif owed.minor:
        said.append(Sentence(_why_taken(stand)[1], values))
    if stand.written_off_minor:
        forgiven = N_("You owed us %(amount)s for it. We have written that off: nobody asks you for it any more.")
        said.append(Sentence(forgiven, {"amount": Money(stand.written_off_minor, currency)}))
    return tuple(said)


def _why_taken(stand: Stand) -> tuple[str, ...]:
    if stand.reason == "recounted":
        return _REPLACED if stand.is_replaced else _FEWER
    return _BY_BANK if stand.by_bank else _SENT_BACK


# Before and after the payment began, and after store credit was spent.
_SENT_BACK = (
    N_("Part of the order was sent back, so %(taken)s of %(amount)s were taken off."),
    N_("The order was sent back after the payment began, so %(taken)s come off what you earn next."),
    N_("The order was sent back after this was spent, so %(taken)s come off your next store credit."),
)
_BY_BANK = (
    N_("A bank took part of the payment back, so %(taken)s of %(amount)s were taken off."),
    N_("A bank took the payment back after ours to you began, so %(taken)s come off what you earn next."),
    N_("A bank took the payment back after this was spent, so %(taken)s come off your next store credit."),
)

_FEWER = (
    N_("Fewer friends count now, so %(taken)s of %(amount)s were taken off."),
    N_("Fewer friends count since the payment began, so %(taken)s come off what you earn next."),
)
_REPLACED = (
    N_("Another reward is paid in its stead, so %(taken)s of %(amount)s were taken off."),
    N_("Another reward is paid in its stead since the payment began, so %(taken)s come off what you earn next."),
)


def decision_for_owner(code: str, because: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    """Say to whom a rule might have paid why it did or did not.

    The conditions of a rule look at what a friend did, and its limits at what
    others earned: neither is theirs to know.
    """
    if code in conditions.CODES:
        return (Sentence(N_("It does not meet the conditions of the rule.")),)
    if code == "limit_reached":
        return (Sentence(N_("The most that this rule pays was reached before.")),)
    if code == "limit_cut":
        return (*because[:-1], Sentence(N_("With a part of it the most that this rule pays is reached.")))
    if code == "exclusive":
        return (
            Sentence(N_("Of several rewards for the same thing only the highest is paid, and that is another one.")),
        )
    return because


def event_in_words(
    status: Status, reason: str, taken: Money | None, *, clawed_back: bool, redeemed: Money | None = None
) -> Sentence:
    """Say to the owner what one event of a reward's history was. `taken` is below zero for what was given back.

    `redeemed` is below zero where that was undone.
    """
    if redeemed is not None and redeemed.minor > 0:
        return Sentence(N_("%(amount)s spent"), {"amount": redeemed})
    if redeemed is not None:
        given_back = Money(-redeemed.minor, redeemed.currency)
        return Sentence(N_("%(amount)s given back, because what you bought was cancelled"), {"amount": given_back})
    if taken is not None and reason in _AFTERWARDS:
        return Sentence(_AFTERWARDS[reason], {"amount": Money(abs(taken.minor), taken.currency)})
    if taken is not None and reason == "charged_back":
        owed = N_("%(amount)s owed, because a bank took the payment back")
        off = N_("%(amount)s taken off, because a bank took the payment back")
        return Sentence(owed if clawed_back else off, {"amount": taken})
    if taken is not None and reason in ENDINGS:
        owed = N_("%(amount)s owed, because the friend counts for you no longer")
        off = N_("%(amount)s taken off, because the friend counts for you no longer")
        return Sentence(owed if clawed_back else off, {"amount": taken})
    if taken is not None and reason == "recounted":
        owed = N_("%(amount)s owed, because other friends or orders count now")
        off = N_("%(amount)s taken off, because other friends or orders count now")
        return Sentence(owed if clawed_back else off, {"amount": taken})
    if taken is not None and clawed_back:
        return Sentence(N_("%(amount)s owed, because the order was sent back"), {"amount": taken})
    if taken is not None and reason == "refunded":
        return Sentence(N_("%(amount)s taken off, because the order was sent back"), {"amount": taken})
    if taken is not None:
        return Sentence(N_("%(amount)s taken off, because the order no longer counts"), {"amount": taken})
    if reason == "granted":
        return Sentence(N_("Earned"))
    if reason in FROM_THE_BEGINNING and status == "held":
        return Sentence(N_("Earned, and being checked"))
    if reason == "corrected":
        return Sentence(N_("Earned in addition, because other friends or orders count now"))
    if reason in _DONE:
        return Sentence(_DONE[reason])
    if reason in RELEASES:
        return Sentence(RELEASES[reason].for_owner)
    return Sentence(_EVENTS[status])


_AFTERWARDS: dict[str, str] = {
    "dispute_won": N_("%(amount)s given back, because the payment came back"),
    "written_off": N_("%(amount)s that you owed written off"),
    "write_off_ended": N_("%(amount)s no longer need to be written off, because the payment came back"),
}
_DONE = {
    "handed_out": N_("You got a code"),
    "fulfilled": N_("Done"),
    APPEALED: N_("You told us how you see it, and it is being looked at again"),
}
_EVENTS: dict[Status, str] = {
    "pending": N_("Waiting again"),
    "held": N_("Being checked"),
    "approved": N_("Ready to be paid"),
    "in_payout": N_("Put into a payment"),
    "paid": N_("Paid"),
    "rejected": N_("Not counted"),
    "reversed": N_("Taken back"),
}
