"""Why a conversion earned nothing before any rule was asked, what became of a refund, and what was known of a signup.

In English for programs, and for translation.
"""

from webapp.domain.sentences import N_, Sentence

UNKNOWN_PERSON = Sentence(N_("Nobody with an account here was named, so there is no one who could have referred them."))
NOT_REFERRED = Sentence(N_("Nobody referred this person, so no one earns anything."))
NO_RULE = Sentence(N_("No rule was live for this kind of event when it happened."))
ALREADY_SIGNED_UP = Sentence(N_("A signup counts once, and this person’s was counted before."))

REASONS = {
    "unknown_person": UNKNOWN_PERSON,
    "not_referred": NOT_REFERRED,
    "no_rule": NO_RULE,
    "already_signed_up": ALREADY_SIGNED_UP,
}

# What became of a refund.
REFUND_WAITS = Sentence(N_("The purchase is not known yet. The refund is applied when it arrives."))
REFUND_CUT = N_("Only %(amount)s were left to refund, so that is what was counted.")
NOTHING_LEFT = Sentence(N_("Everything was refunded before, so nothing was counted."))
HAS_NO_PARTS = Sentence(
    N_(
        "The purchase was reported without an amount, so no part of it can go back: this counts for all of it. Leave"
        " the amount out here, or report such purchases with theirs."
    )
)
NOTHING_EARNED = Sentence(N_("The purchase earned nothing, so nothing is taken back."))
REWARD_REVERSED = N_("%(amount)s of the reward are taken back.")
REWARD_CLAWED_BACK = N_("The reward was in a payout by then: %(amount)s are owed and come off what is earned next.")
REWARD_KEPT = Sentence(N_("The reward stays as it is."))

# What became of a dispute, and of how it ended.
DISPUTE_WAITS = Sentence(N_("The purchase is not known yet. The dispute is applied when it arrives."))
DISPUTE_WON_BEFORE = Sentence(N_("This dispute was won, as was told before, so it takes nothing."))
OUTCOME_WAITS = Sentence(N_("The dispute, or its purchase, is not known yet. How it ended counts when it arrives."))
DISPUTE_LOST = Sentence(N_("The dispute was lost, so what it took stays taken."))
CAME_BACK = N_("%(amount)s of the purchase came back.")
NOTHING_CAME_BACK = Sentence(N_("Nothing came back: what the dispute took is refunded otherwise."))
NO_AMOUNT_CAME_BACK = Sentence(
    N_("The dispute counts no more. The purchase was reported without an amount, so none could come back.")
)
REWARD_RESTORED = N_("%(amount)s of the reward are given back.")
REWARD_CLAWBACK_UNDONE = N_("%(amount)s that were owed, or were taken before a payout, are given back.")
REWARD_STAYS = Sentence(N_("The reward stays as it is: the dispute had taken nothing of it, or it ended since."))

# What a reported signup could not use.
UNKNOWN_CODE = Sentence(N_("No link has this referral code, so it was left aside."))
UNKNOWN_COUPON = Sentence(N_("Nobody has this coupon code, so it was left aside."))
FORGOTTEN_CLICK = Sentence(N_("The click of this click id is not on record, or no longer, so it was left aside."))
UNKNOWN_CLICK = Sentence(N_("The click id is not one of ours, or was altered, so it was left aside."))
