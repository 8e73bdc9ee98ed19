"""What is kept, for how long and why: said from the same settings that the jobs go by."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, current_app
from flask_babel import gettext as _

from webapp.clicks import visitors
from webapp.domain.consent import may_set_cookie
from webapp.formatting import duration
from webapp.models import Program
from webapp.services.address_salts import KEPT as ADDRESSES_KEPT
from webapp.services.mailed_links import KEPT_AFTER as MAILED_LINK_KEPT
from webapp.services.mailed_links import LIFETIMES
from webapp.services.sessions import LIFETIME as SIGNED_IN
from webapp.services.sign_in_links import KEPT_AFTER as LINK_KEPT
from webapp.services.sign_in_links import LIFETIME as SIGN_IN_LINK
from webapp.views.account.profile import THEME_AGE, THEME_COOKIE
from webapp.web import load_program, render

bp = Blueprint("privacy", __name__, url_prefix="/privacy")


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of thing that is kept."""

    what: str
    how_long: str
    why: str


@bp.get("", strict_slashes=False)
def show() -> Response:
    program = load_program()
    return render(
        "public/privacy/show.html",
        visitors=list(_of_visitors(program)),
        people=list(_of_people(program)),
        cookies=list(_cookies(program)),
        contact=current_app.config["SECURITY_CONTACT"],
    )


def _of_visitors(program: Program) -> Iterator[Kept]:
    what = _("That a link was opened, when, from which site, with which campaign, and with what kind of browser")
    if current_app.config["COUNTRY_DATABASE"]:
        what = _(
            "That a link was opened, when, from which site and which country, with which campaign, and with what kind"
            " of browser"
        )
    yield Kept(
        what,
        duration(timedelta(days=program.keep_clicks_days)),
        _("So that whoever shared the link is credited, and to count. The counts stay; they are about nobody."),
    )
    yield Kept(
        _("A fingerprint of the internet address, made with a key that is thrown away; never the address itself"),
        _("%(time)s at the most", time=duration(ADDRESSES_KEPT)),
        _("So that somebody who opens a link a thousand times is noticed."),
    )


def _of_people(program: Program) -> Iterator[Kept]:
    until_erased = _("Until the account is erased")
    yield Kept(
        _(
            "Name, e-mail and the ones before it, a password that nobody can read, a second factor, language, which"
            " mails you want, links"
        ),
        until_erased,
        _("So that you can sign in, share and be paid."),
    )
    yield Kept(
        _("Orders that the shop reports: what kind, when, the amount, the shop’s own number"),
        _("Amounts for good; what tells whose they are until the account is erased"),
        _("So that rewards are right, also when something is sent back. Books have to be kept."),
    )
    details = program.keep_metadata_days
    yield Kept(
        _("Details that the shop adds to an order, as the plan that was bought"),
        duration(timedelta(days=details)) if details else until_erased,
        _("Rules may ask for them."),
    )
    yield Kept(
        _("Rewards, and every step of them with its reason"),
        _("For good, without a name once the account is erased"),
        _("So that every amount can be explained and proven."),
    )
    yield Kept(
        _("With which kind of browser you signed up and in, and a fingerprint of the address as above"),
        duration(ADDRESSES_KEPT),
        _("So that nobody is their own friend."),
    )
    yield Kept(
        _("What you write to us about a decision, and notes about it"), until_erased, _("So that a person can decide.")
    )
    if mails := _mails_kept():
        yield Kept(
            _("That a mail was sent to you, and about what; not its words"),
            duration(mails),
            _("So that nobody gets the same one twice."),
        )
    yield Kept(
        _("Browsers that are signed in"),
        _("%(time)s, and as long after the end", time=duration(SIGNED_IN)),
        _("So that you stay signed in, and see where."),
    )
    good = sorted(LIFETIMES.values())
    yield Kept(
        _("Links that are mailed to you: a fingerprint of each, and where it went"),
        _(
            "Good for %(least)s to %(most)s, and deleted %(time)s later",
            least=duration(good[0]),
            most=duration(good[-1]),
            time=duration(MAILED_LINK_KEPT),
        ),
        _("So that an address is shown to be yours, and each link is good once."),
    )
    yield Kept(
        _("Links of the shop’s own site that sign you in: a fingerprint of each"),
        _("Good for %(least)s, and deleted %(time)s later", least=duration(SIGN_IN_LINK), time=duration(LINK_KEPT)),
        _("So that each is good once."),
    )


def _mails_kept() -> timedelta | None:
    """Return how long is kept that mails were sent; None where nothing deletes them."""
    try:
        from webapp.services.forgotten_mails import KEPT
    except ImportError:
        return None
    kept: timedelta = KEPT
    return kept


def _cookies(program: Program) -> Iterator[tuple[str, Kept]]:
    if may_set_cookie(program.consent_mode):  # type: ignore[arg-type]
        yield (
            visitors.COOKIE,
            Kept(
                _("A random number, set when you open somebody’s link"),
                duration(timedelta(days=program.window_days)),
                _("So that your friend is credited when you join later. Not set when your browser asks for that."),
            ),
        )
    yield (
        current_app.config["SESSION_COOKIE_NAME"],
        Kept(
            _("A random number, set when you sign in or open a form"),
            _("%(time)s at the most", time=duration(SIGNED_IN)),
            _("So that you stay signed in, and nobody else sends forms in your name."),
        ),
    )
    yield (
        THEME_COOKIE,
        Kept(_("“light” or “dark”, set when you choose it"), duration(THEME_AGE), _("So that pages look as you like.")),
    )
