"""What staff read about touches, decisions, the history of a reward and its entries in the ledger."""

from collections.abc import Mapping

from webapp.domain.appeals import APPEALED, RELEASES
from webapp.domain.money import Money
from webapp.domain.referral_changes import ENDINGS
from webapp.domain.reward_decisions import REJECTIONS
from webapp.domain.sentences import N_, NN_, Sentence, counted
from webapp.domain.suspicion import BANNED, ERASED, FRIEND_REJECTED, FRIENDS_DOUBTED, REFERRER_BANNED, SUSPECTED

# How the person came across a link.
TOUCH_KINDS: Mapping[str, str] = {
    "typed_code": N_("Typed the code"),
    "coupon_code": N_("Used a coupon code"),
    "click": N_("Opened the link"),
    "page": N_("Signed up on a page of the link"),
}


def touch_result(outcome: str, kind: str, *, model: str, window_days: int, by_click_id: bool = False) -> Sentence:
    """Say why a touch was credited or not, in a few words. `by_click_id` is the touch's own."""
    if outcome == "credited":
        if kind == "typed_code":
            return Sentence(N_("Won: a typed code comes before everything else"))
        if kind == "coupon_code":
            return Sentence(N_("Won: a coupon code comes before every link"))
        return Sentence((_WON_BY_CLICK_ID if by_click_id else _WON)[model])
    if outcome == "outside_window":
        return counted(
            NN_("Lost: older than one day", "Lost: older than %(window)s days"), window_days, {"window": window_days}
        )
    return Sentence(_LOST.get(outcome, N_("Lost")))


_WON = {"first": N_("Won: the first link of the window"), "last": N_("Won: the last link of the window")}
_WON_BY_CLICK_ID = {
    "first": N_("Won: the first link of the browser that the signup named"),
    "last": N_("Won: the last link of the browser that the signup named"),
}
_LOST: Mapping[str, str] = {
    "same_person": N_("Lost: the referrer has the same mailbox"),
    "existing_customer": N_("Lost: they had an account before"),
    "after_signup": N_("Lost: opened only after the signup"),
    "beaten_by_typed_code": N_("Lost: another code was typed"),
    "beaten_by_coupon_code": N_("Lost: another coupon code was used"),
    "beaten_by_click_id": N_("Lost: the signup named another browser"),
    "beaten_by_earlier_touch": N_("Lost: an earlier link exists"),
    "beaten_by_later_touch": N_("Lost: a later link exists"),
}

# Why a rule, or the program, paid nothing. Codes of rules that are not here are shown as they are.
REASON_LABELS: Mapping[str, str] = {
    "unknown_person": N_("Nobody with an account"),
    "not_referred": N_("Nobody referred them"),
    "already_signed_up": N_("Signed up before"),
    "no_rule": N_("No rule was live"),
    "not_started": N_("The rule had not started"),
    "ended": N_("The rule had ended"),
    "amount_missing": N_("No amount was reported"),
    "rounds_to_zero": N_("Rounds to nothing"),
    "purchase_limit": N_("Too many purchases before"),
    "months_over": N_("Too long after the signup"),
    "condition_false": N_("A condition does not hold"),
    "value_missing": N_("Something was not reported"),
    "currency_differs": N_("Another currency"),
    "limit_reached": N_("The limit was reached"),
    "limit_cut": N_("Cut to the limit"),
    "exclusive": N_("Another rule was worth more"),
    "step_not_reached": N_("Too few friends so far"),
    "between_steps": N_("No bonus at this number of friends"),
    "not_one_more": N_("Not one more friend"),
    "rewarded_before": N_("Was rewarded before"),
}

ACCOUNTS: Mapping[str, str] = {
    "expense": N_("Reward expense"),
    "pending": N_("Pending"),
    "held": N_("Held"),
    "approved": N_("Approved"),
    "in_payout": N_("In payout"),
    "paid": N_("Paid"),
    "clawback": N_("Clawback"),
}


def event_for_staff(
    status: str, reason: str, taken: Money | None, *, clawed_back: bool, redeemed: Money | None = None
) -> Sentence:
    """Say what one event of a reward's history was. `taken` is below zero for what was given back.

    `redeemed` is below zero where that was undone.
    """
    if redeemed is not None and redeemed.minor > 0:
        return Sentence(N_("%(amount)s redeemed in the shop"), {"amount": redeemed})
    if redeemed is not None:
        given_back = Money(-redeemed.minor, redeemed.currency)
        return Sentence(N_("%(amount)s given back: the order they paid for was cancelled"), {"amount": given_back})
    if reason in _AFTERWARDS and taken is not None:
        words = _AFTERWARDS[reason][clawed_back]
        return Sentence(words, {"amount": Money(abs(taken.minor), taken.currency)})
    if taken is not None:
        return Sentence(_taken_words(reason, clawed_back), {"amount": taken})
    if reason == "granted":
        return Sentence(_GRANTED.get(status, N_("Granted")))
    if status == "held" and reason in _HELD_BECAUSE:
        return Sentence(_HELD_BECAUSE[reason])
    if reason == "corrected":
        return Sentence(_CORRECTED.get(status, N_("Granted in addition")))
    if status == "rejected":
        return Sentence(_REJECTED_BECAUSE.get(reason, _REJECTED_WORDS))
    if reason == "matured":
        return Sentence(N_("Approved: its hold was over"))
    if reason in _DONE:
        return Sentence(_DONE[reason])
    return Sentence(_EVENTS[status])


def reason_label(reason: str) -> Sentence | None:
    """Return what staff chose as the reason of a rejection or of an answer to an appeal; None for one of elsewhere."""
    chosen = REJECTIONS.get(reason) or RELEASES.get(reason)
    return Sentence(chosen.label) if chosen else None


def _taken_words(reason: str, clawed_back: bool) -> str:
    if reason in ENDINGS:
        return _ENDED[reason, clawed_back]
    if reason == "charged_back":
        return _CHARGED_BACK[clawed_back]
    if reason == "recounted":
        return _RECOUNTED[clawed_back]
    if clawed_back:
        return N_("%(amount)s clawed back: the order was refunded after the payout was frozen")
    if reason == "refunded":
        return N_("%(amount)s taken back: the order was refunded")
    return N_("%(amount)s taken back: the order no longer counts")


_CHARGED_BACK = {
    False: N_("%(amount)s taken back: a bank took the payment back"),
    True: N_("%(amount)s clawed back: a bank took the payment back after the payout was frozen"),
}
_RECOUNTED = {
    False: N_("%(amount)s taken back: other friends or orders count now, and it earns less"),
    True: N_("%(amount)s clawed back: other friends or orders count now, and a payout was frozen before"),
}
# What came back: by reason, and whether it stands in the account of clawbacks.
_AFTERWARDS: Mapping[str, Mapping[bool, str]] = {
    "dispute_won": {
        False: N_("%(amount)s given back: the dispute was won"),
        True: N_("%(amount)s given back by the account of clawbacks: the dispute was won"),
    },
    "written_off": dict.fromkeys((False, True), N_("%(amount)s of what is owed written off")),
    "write_off_ended": dict.fromkeys(
        (False, True), N_("A write-off of %(amount)s ended: the dispute behind it was won, so nothing was owed")
    ),
}
_ENDED: Mapping[tuple[str, bool], str] = {
    ("referral_moved", False): N_("%(amount)s taken back: someone else is credited"),
    ("referral_moved", True): N_("%(amount)s clawed back: someone else is credited, and a payout was frozen before"),
    ("referral_removed", False): N_("%(amount)s taken back: nobody is credited now"),
    ("referral_removed", True): N_("%(amount)s clawed back: nobody is credited now, and a payout was frozen before"),
}
_GRANTED: Mapping[str, str] = {
    "pending": N_("Granted, pending until its hold is over"),
    "held": N_("Granted, and held for a decision"),
    "approved": N_("Granted and approved at once: the rule has no hold"),
}
_CORRECTED: Mapping[str, str] = {
    "pending": N_("Granted in addition, since other friends or orders count now; pending until its hold is over"),
    "approved": N_("Granted in addition, since other friends or orders count now, and approved: its rule has no hold"),
}
_DONE: Mapping[str, str] = {
    "handed_out": N_("A coupon was handed out"),
    "fulfilled": N_("Fulfilled"),
    "bonus_doubted": N_("Held for a decision: this bonus was held or rejected with another friend before"),
}
_HELD_BECAUSE: Mapping[str, str] = {
    SUSPECTED: N_("Granted, and held: the friend has to be looked at"),
    FRIEND_REJECTED: N_("Granted, and held: the friend was rejected before"),
    BANNED: N_("Held: whoever earns it is banned"),
    ERASED: N_("Held: whoever earned it had everything about themselves erased"),
    REFERRER_BANNED: N_("Granted, and held: whoever brought the friend is banned"),
    FRIENDS_DOUBTED: N_("Granted, and held: the number of friends has some in it who are held or were rejected"),
    APPEALED: N_("Appealed, and held for a decision"),
}
_REJECTED_WORDS = N_("Rejected")
_REJECTED_BECAUSE: Mapping[str, str] = {
    FRIEND_REJECTED: N_("Rejected: the friend was rejected before"),
    BANNED: N_("Rejected: whoever earns it is banned"),
    ERASED: N_("Given up: whoever earned it had everything about themselves erased"),
}
_EVENTS: Mapping[str, str] = {
    "pending": N_("Released, back into its hold"),
    "held": N_("Held for a decision"),
    "approved": N_("Approved"),
    "in_payout": N_("Put into a payout"),
    "paid": N_("Paid"),
    "reversed": N_("Reversed"),
}
