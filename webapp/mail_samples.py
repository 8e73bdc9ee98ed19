"""What each mail looks like, for whoever writes or translates it: told of things that never happened."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from email.message import EmailMessage

from webapp.clock import utc_now
from webapp.config import ROOT
from webapp.domain.mail_kinds import FRIENDS_JOINED, REWARDS_DECIDED, REWARDS_READY
from webapp.domain.money import Money
from webapp.formatting import money
from webapp.ids import new_id
from webapp.mail import compose, coupon_pools
from webapp.mailed_links import told_of
from webapp.models import MailedLink, User
from webapp.models.mailed_link import PURPOSES
from webapp.services.coupon_pools import RUNNING_LOW
from webapp.services.reminders import CASES_WAITING
from webapp.web import absolute_url, load_program

_FOLDER = ROOT / "templates" / "mail"


def mail_templates() -> list[str]:
    """Return the names of all mails that there are; what begins with "_" is a part of others."""
    return sorted(path.stem for path in _FOLDER.glob("*.txt") if not path.name.startswith("_"))


def sample_mail(template: str, reader: User, language: str, names: tuple[str, ...] = ("Bob", "Chen")) -> EmailMessage:
    """Return a mail as this reader would get it in a language; `names` are those of friends."""
    copy = User(id=reader.id, name=reader.name, email=reader.email, role=reader.role, language=language, muted_mails={})
    copy.created_at = reader.created_at
    return compose(copy, template, told=lambda: _told(template, copy, names))


def _told(template: str, reader: User, names: tuple[str, ...]) -> Mapping[str, object]:
    if template in PURPOSES:
        now = utc_now()
        link = MailedLink(id=new_id(), user_id=reader.id, purpose=template, email=reader.email)
        link.created_at, link.expires_at = now, now + timedelta(days=1)
        # Signed for nothing that there is: it leads to the page that says so.
        return told_of(link) | {"inviter": reader.name}
    if template == FRIENDS_JOINED:
        return {
            "friends": len(names) + 12,
            "names": names,
            "others": 12,
            "friends_url": absolute_url("/dashboard/referrals"),
        }
    return _SAMPLES.get(template, dict)()


def _amount() -> str:
    return money(Money(2_500, load_program().currency))


def _rewards_ready() -> dict[str, object]:
    return {"rewards": 3, "worth": _amount(), "rewards_url": absolute_url("/dashboard/rewards")}


def _rewards_decided() -> dict[str, object]:
    return {
        "rewards": 2,
        "counts": _amount(),
        "does_not_count": _amount(),
        "rewards_url": absolute_url("/dashboard/rewards"),
    }


def _cases_waiting() -> dict[str, object]:
    return {"cases": 4, "since": utc_now() - timedelta(days=3), "cases_url": absolute_url("/admin/fraud")}


_SAMPLES: Mapping[str, Callable[[], dict[str, object]]] = {
    CASES_WAITING: _cases_waiting,
    RUNNING_LOW: coupon_pools,
    REWARDS_READY: _rewards_ready,
    REWARDS_DECIDED: _rewards_decided,
}
