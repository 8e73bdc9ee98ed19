"""What mails of news say: looked up when they are sent, so that nothing is told that is not so any more."""

from webapp.domain import names
from webapp.extensions import db
from webapp.models import User
from webapp.queries.news import Since, decided_rewards_of, new_friends, ready_rewards_of
from webapp.web import absolute_url

# The others are a number: a mail is no list.
NAMED = 5


def friends_who_joined(user: User, since: Since) -> dict[str, object]:
    """Return who joined through a person, by first names as on their own pages; nothing when nobody did."""
    joined = new_friends(db.session(), user.id, since, named=NAMED)
    # A name that could be an address is not said.
    named = [name for name in map(names.first_name, joined.names) if name]
    if not joined.count:
        return {}
    return {
        "friends": joined.count,
        "names": named,
        "others": joined.count - len(named),
        "friends_url": absolute_url("/dashboard/referrals"),
    }


def ready_rewards(user: User, since: Since) -> dict[str, object]:
    """Return what a person has earned for good; nothing when there is nothing."""
    from webapp.views.worth import worth_together  # late: the pages of the site import this

    ready = ready_rewards_of(db.session(), user.id, since)
    if not ready:
        return {}
    return {"rewards": len(ready), "worth": worth_together(ready), "rewards_url": absolute_url("/dashboard/rewards")}


def decided_rewards(user: User, since: Since) -> dict[str, object]:
    """Return what people decided about somebody's rewards, and nothing of why: that stands on their own pages."""
    from webapp.views.worth import worth_together  # late: the pages of the site import this

    decided = decided_rewards_of(db.session(), user.id, since)
    if not decided:
        return {}
    against = [worth for status, worth in decided if status == "rejected"]
    counts = [worth for status, worth in decided if status != "rejected"]
    return {
        "rewards": len(decided),
        "counts": worth_together(counts),
        "does_not_count": worth_together(against),
        "rewards_url": absolute_url("/dashboard/rewards"),
    }
