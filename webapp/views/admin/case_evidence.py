"""Referrer and friend side by side, and what speaks for them, in words for whoever decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Literal

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape

from webapp.domain.evidence import Evidence
from webapp.domain.mail_likeness import mail_likeness
from webapp.domain.screening import kind_of
from webapp.formatting import day_short, duration, moment, number, say
from webapp.queries.case_files import CasePerson, Comparison, OtherFriends, RefusedFriend
from webapp.queries.screenings import ScreeningRow
from webapp.views.admin.case_words import called

Compared = Literal["same", "differs", "unknown", ""]
# From so much alike, of 100, two addresses are marked; the signal has a setting of its own.
ALIKE = 93
# Of fewer orders nothing can be said.
FEWEST_ORDERS = 5
_DEVICES = {"phone": lambda: _("phone"), "tablet": lambda: _("tablet"), "desktop": lambda: _("computer")}


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One thing of the referrer beside that of the friend: `result` says how they compare, in words."""

    label: str
    referrer: str
    friend: str
    compared: Compared
    result: str


def side_by_side(referrer: CasePerson, friend: CasePerson, look: ScreeningRow | None) -> list[EvidenceRow]:
    """Compare what is known of two people; `look` is what the signals looked at when the friend signed up."""
    evidence = look.evidence if look else None
    found = {finding.signal for finding in look.findings} if look else set()
    return [
        _network(evidence),
        _browser(referrer, friend, evidence),
        _cookie(evidence),
        _mail(referrer, friend, evidence),
        _account(referrer, friend),
        _signup(friend, too_fast="too_fast" in found),
        _clicks(friend, is_flood="click_flood" in found),
        EvidenceRow(_("Orders"), _orders(referrer), _orders(friend), "", ""),
    ]


def _network(evidence: Evidence | None) -> EvidenceRow:
    label, together = _("Network"), evidence.together if evidence else None
    if together and (together.address or together.network):
        where = _("The same address") if together.address else _("The same network")
        apart = _("%(where)s, %(length)s apart", where=where, length=duration(together.apart))
        return EvidenceRow(label, apart, where, "same", _("matches"))
    if evidence and evidence.from_origin is not None:
        # Only hashes of addresses were compared, and none is shown.
        return EvidenceRow(
            label, _("Not seen there within 24 hours"), _("Signed up from there"), "differs", _("differs")
        )
    return _unknown(label)


def _browser(referrer: CasePerson, friend: CasePerson, evidence: Evidence | None) -> EvidenceRow:
    label, theirs, own = _("Browser"), _family(referrer), _family(friend)
    together = evidence.together if evidence else None
    if together and together.browser:
        return EvidenceRow(label, own or theirs or _("The same"), own or _("The same"), "same", _("matches"))
    if not own or not theirs:
        return EvidenceRow(label, theirs or _("not known"), own or _("not known"), "unknown", _("not known any more"))
    if own == theirs:
        return EvidenceRow(label, theirs, own, "same", _("matches"))
    return EvidenceRow(label, theirs, own, "differs", _("differs"))


def _cookie(evidence: Evidence | None) -> EvidenceRow:
    label = _("Cookie")
    if evidence and evidence.referrer_signed_in_at:
        signed_in = _(
            "Signed in with it, %(length)s apart", length=duration(evidence.at - evidence.referrer_signed_in_at)
        )
        return EvidenceRow(label, signed_in, _("Clicked or signed up with it"), "same", _("matches"))
    if evidence and evidence.clicked_at:
        return EvidenceRow(label, _("Never signed in with it"), _("Clicked with it"), "differs", _("differs"))
    return _unknown(label)


def _mail(referrer: CasePerson, friend: CasePerson, evidence: Evidence | None) -> EvidenceRow:
    label, alike = _("E-mail"), mail_likeness(friend.mailbox, referrer.mailbox)
    addresses = (_address(referrer.email), _address(friend.email))
    if evidence and evidence.throwaway_domain:
        return EvidenceRow(label, *addresses, "same", _("throwaway"))
    if friend.mailbox == referrer.mailbox:
        return EvidenceRow(label, *addresses, "same", _("one mailbox"))
    if alike and alike.same_domain:
        return EvidenceRow(label, *addresses, "same", _("one private domain"))
    if alike and alike.alike >= ALIKE:
        return EvidenceRow(label, *addresses, "same", _("alike"))
    return EvidenceRow(label, *addresses, "differs", _("differs"))


def _address(email: str) -> Markup:
    """Return an address that may be broken where its domain or a part of that begins, and elsewhere only in need."""
    local, at, domain = email.rpartition("@")
    return escape(local + at) + Markup("<wbr>") + Markup("<wbr>.").join(domain.split("."))


def _account(referrer: CasePerson, friend: CasePerson) -> EvidenceRow:
    days = (day_short(referrer.since), day_short(friend.since))
    apart = abs(friend.since - referrer.since)
    if apart < timedelta(days=1):
        return EvidenceRow(_("Account since"), *days, "same", _("%(length)s apart", length=duration(apart)))
    return EvidenceRow(_("Account since"), *days, "differs", _("%(length)s apart", length=duration(apart)))


def _signup(friend: CasePerson, *, too_fast: bool) -> EvidenceRow:
    label = _("Click")
    if friend.signed_up_at is None:
        return EvidenceRow(label, "", _("not known"), "", "")
    if friend.clicked_at is None:
        signed_up = escape(_("No click; signed up %(when)s")) % {"when": moment(friend.signed_up_at)}
        return EvidenceRow(label, "", signed_up, "", "")
    clicked = escape(_("Clicked %(when)s")) % {"when": moment(friend.clicked_at)}
    passed = _("%(length)s before signup", length=duration(friend.signed_up_at - friend.clicked_at))
    return EvidenceRow(label, "", clicked, "same" if too_fast else "", passed)


def _clicks(friend: CasePerson, *, is_flood: bool) -> EvidenceRow:
    clicks = ngettext("%(count)s click", "%(count)s clicks", friend.clicks, count=number(friend.clicks))
    return EvidenceRow(_("Clicks"), "", clicks, "same" if is_flood else "", "")


def _unknown(label: str) -> EvidenceRow:
    return EvidenceRow(label, _("not known"), _("not known"), "unknown", _("not known any more"))


def _family(person: CasePerson) -> str:
    if person.browser is None:
        return ""
    device = _DEVICES.get(person.device or "")
    return _("%(browser)s, %(device)s", browser=person.browser, device=device()) if device else person.browser


def _orders(person: CasePerson) -> str:
    orders = ngettext("%(count)s order", "%(count)s orders", person.orders, count=number(person.orders))
    if not person.sent_back:
        return orders
    back = ngettext("%(count)s sent back", "%(count)s sent back", person.sent_back, count=number(person.sent_back))
    return f"{orders}, {back}"


def speaks_for(
    referrer: CasePerson, friends: Sequence[CasePerson], others: OtherFriends, compared: Comparison
) -> list[str]:
    """Return what was measured and speaks for the people of a case. What does not is shown elsewhere, and not said."""
    said = []
    if others.buyers:
        said.append(
            ngettext(
                "%(name)s brought %(count)s other friend, who has bought something.",
                "%(name)s brought %(count)s other friends, of whom %(buyers)s bought something.",
                others.friends,
                name=called(referrer.name),
                count=number(others.friends),
                buyers=number(others.buyers),
            )
        )
    if others.orders >= FEWEST_ORDERS and _is_no_worse(others, compared):
        said.append(
            _(
                "Of %(orders)s orders of these friends %(back)s were sent back;"
                " in the whole program, %(all_back)s of %(all)s.",
                orders=number(others.orders),
                back=number(others.sent_back),
                all=number(compared.orders),
                all_back=number(compared.sent_back),
            )
        )
    if compared.decided and 2 * compared.released >= compared.decided:
        said.append(
            ngettext(
                "One friend was held for the same signals and decided before, and was released.",
                "Of %(decided)s friends who were held for the same signals and decided, %(released)s were released.",
                compared.decided,
                decided=number(compared.decided),
                released=number(compared.released),
            )
        )
    return [*said, *(_one_of_them(friends[0]) if len(friends) == 1 else _all_of_them(friends))]


def _one_of_them(friend: CasePerson) -> list[str]:
    said, name = [], called(friend.name)
    if friend.orders and not friend.sent_back:
        said.append(
            ngettext(
                "%(name)s has ordered once and sent nothing back.",
                "%(name)s has ordered %(count)s times and sent nothing back.",
                friend.orders,
                name=name,
                count=number(friend.orders),
            )
        )
    if friend.is_confirmed:
        said.append(_("%(name)s has confirmed their e-mail address.", name=name))
    return said


def _all_of_them(friends: Sequence[CasePerson]) -> list[str]:
    said = []
    buyers = sum(bool(friend.orders) for friend in friends)
    if buyers and not any(friend.sent_back for friend in friends):
        said.append(
            ngettext(
                "%(count)s friend of this case has ordered, and nothing was sent back.",
                "%(count)s friends of this case have ordered, and nothing was sent back.",
                buyers,
                count=number(buyers),
            )
        )
    if confirmed := sum(friend.is_confirmed for friend in friends):
        said.append(
            ngettext(
                "%(count)s friend of this case has confirmed their e-mail address.",
                "%(count)s friends of this case have confirmed their e-mail address.",
                confirmed,
                count=number(confirmed),
            )
        )
    return said


def _is_no_worse(others: OtherFriends, compared: Comparison) -> bool:
    """Say whether no greater share of the orders came back than of the program's."""
    return bool(compared.orders) and Fraction(others.sent_back, others.orders) <= Fraction(
        compared.sent_back, compared.orders
    )


def refused_line(refused: RefusedFriend) -> tuple[str, Markup, str]:
    """Return the name of somebody whom a proof refused, the day, and what the proof is."""
    kind = kind_of(refused.signal)
    saw: Mapping[str, object] = refused.saw
    return refused.name, day_short(refused.at), say(kind.in_words(saw))
