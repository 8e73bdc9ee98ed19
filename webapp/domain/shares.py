"""What kinds of reward rule have in common: shares of what was paid, and until when a payment counts."""

from webapp.domain.facts import Earned, Facts, Skipped
from webapp.domain.money import Percent
from webapp.domain.periods import months_later
from webapp.domain.sentences import N_, NN_, Sentence, counted


def share_of_payment(facts: Facts, percent: Percent, *, unless: Skipped | None) -> Earned | Skipped:
    """Pay a percentage of what was paid, rounded half up to the minor unit; nothing where that is zero.

    `unless` is why the payment does not count, which is said of one with an amount.
    """
    if facts.amount is None:
        return Skipped("amount_missing", Sentence(N_("A percentage needs an amount, and none was reported.")))
    if unless is not None:
        return unless
    share = facts.amount.share(percent)
    values: dict[str, object] = {"percent": percent.text, "amount": facts.amount}
    if share.minor == 0:
        return Skipped("rounds_to_zero", Sentence(N_("%(percent)s%% of %(amount)s rounds to nothing."), values))
    values["share"] = share
    return Earned(share, (Sentence(N_("%(percent)s%% of %(amount)s is %(share)s."), values),))


def beyond_first(facts: Facts, most: int) -> Skipped | None:
    """Say why a payment is not among the first `most` of its friend; None when it is."""
    if facts.nth_purchase <= most:
        return None
    only = NN_("Only the first purchase counts.", "Only the first %(count)s purchases count.")
    return Skipped("purchase_limit", counted(only, most, {"count": most}))


def signup_missing(facts: Facts) -> Skipped | None:
    """Say that it is not known when the friend signed up; None when it is."""
    if facts.signed_up_at is not None:
        return None
    return Skipped("value_missing", Sentence(N_("It depends on when the friend signed up, and that is not known.")))


def beyond_months(facts: Facts, most: int) -> Skipped | None:
    """Say why a payment is not within so many months of the friend's signup; None when it is.

    They are months of the calendar in UTC, and end before the moment of the
    signup so many months later. What is said to have happened before the
    signup is within.
    """
    if facts.signed_up_at is None:
        return signup_missing(facts)
    end = months_later(facts.signed_up_at, most)
    if facts.occurred_at < end:
        return None
    only = NN_(
        "Only the first month after the friend signed up counts, and it was over on %(day)s.",
        "Only the first %(count)s months after the friend signed up count, and they were over on %(day)s.",
    )
    return Skipped("months_over", counted(only, most, {"count": most, "day": end}))
