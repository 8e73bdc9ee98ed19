"""What each figure of the analytics means: said on the page, and in docs/analytics.md in the same words."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from webapp.domain.sentences import N_


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure's name, and what it counts. Both are messages to be translated."""

    key: str
    label: str
    text: str


_ALL = (
    Definition(
        "clicks",
        N_("Clicks"),
        N_("Times that somebody opened a referral link. Robots, previews and what browsers load ahead are left out."),
    ),
    Definition(
        "visitors",
        N_("Visitors"),
        N_(
            "Browsers that opened a link, each counted once a day. Someone who comes on three days counts three times; "
            "someone who opens two links on one day counts once for the program, and once for each link."
        ),
    ),
    Definition(
        "signups",
        N_("Signups"),
        N_("People who made an account and were credited to a referrer, on the day they joined."),
    ),
    Definition(
        "purchases",
        N_("Purchases"),
        N_("Orders of referred friends, on the day of the order. Refunded orders are counted too."),
    ),
    Definition(
        "revenue",
        N_("Revenue"),
        N_(
            "What referred friends paid, on the day of the purchase, less what went back to them, on the day it went "
            "back. Each currency stands for itself; currencies are never added up."
        ),
    ),
    Definition(
        "refunded",
        N_("Refunded"),
        N_("What went back to referred friends, on the day it went back, whenever they had bought."),
    ),
    Definition(
        "reward_cost",
        N_("Reward cost"),
        N_(
            "What rules granted in money for what happened on these days, to referrers and to friends, less what was "
            "withdrawn on them. It may still be in its hold period or paid already."
        ),
    ),
    Definition(
        "cost_share",
        N_("Cost of revenue"),
        N_("Reward cost for each 100 of revenue, in the program’s currency. Lower is cheaper for you."),
    ),
    Definition(
        "granted",
        N_("Granted"),
        N_("What rules granted in money for what happened on these days, whatever became of it later."),
    ),
    Definition(
        "withdrawn",
        N_("Withdrawn"),
        N_("Money taken back after a refund, or rejected, on the day that was done, whenever it was granted."),
    ),
    Definition(
        "cost_per_purchase",
        N_("Cost per purchase"),
        N_("Reward cost in the program’s currency, divided by the purchases of the same days, rounded half up."),
    ),
    Definition(
        "buyers",
        N_("Bought"),
        N_("Of the friends who joined on these days: how many have bought since, until today."),
    ),
    Definition(
        "repeat_buyers",
        N_("Came back"),
        N_("Of the friends who joined on these days: how many have bought more than once since, until today."),
    ),
    Definition(
        "visitor_to_buyer",
        N_("Visit → buy"),
        N_(
            "Of 100 visitors of these days: how many friends joined on them and have bought since. "
            "Left out for fewer than 20 visitors."
        ),
    ),
    Definition(
        "cohort_share",
        N_("Share who bought"),
        N_(
            "Of the friends who joined in one calendar week, Monday to Sunday: the share with at least one purchase in "
            "a later calendar week. Refunded orders count; weeks that are not over yet are left empty."
        ),
    ),
)

DEFINITIONS: Mapping[str, Definition] = MappingProxyType({definition.key: definition for definition in _ALL})
