"""What the page about the business's own site says: what was heard of it, what is missing, and how the way was."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from webapp.domain.sentences import N_
from webapp.formatting import money
from webapp.queries.last_heard import LastHeard
from webapp.views.admin.whole_way import Hop

KEY = "gvk_…"

_NAMES: Mapping[str, str] = {
    "click": N_("A click"),
    "signup": N_("A signup by API"),
    "purchase": N_("A purchase by API"),
    "refund": N_("A refund by API"),
}
_MISSING: dict[str, str] = {
    "click": N_("Nobody has opened a link yet. Open the one below yourself."),
    "signup": N_("Let your server report each new account, with what the two hidden fields brought."),
    "purchase": N_("Let your server report each order that is paid."),
    "refund": N_("None so far. Report what you send back, so that nobody is rewarded for it."),
}
_SIGNED_UP_HERE = N_("None is needed while links lead to the sign-up page of this site.")
_ICONS = {"click": "link", "signup": "user-plus", "purchase": "receipt", "refund": "rotate-2"}

_GONE_WELL: Mapping[str, str] = {
    "click": N_("The click was stored and sent on"),
    "signup": N_("The signup was credited to the link"),
    "purchase": N_("The purchase earned %(amount)s"),
    "refund": N_("The refund took %(amount)s back"),
}
_FAILED: Mapping[str, str] = {
    "click": N_("The click did not come through"),
    "signup": N_("The signup did not come through"),
    "purchase": N_("The purchase did not come through"),
    "refund": N_("The refund did not come through"),
}
_NOT_TRIED: Mapping[str, str] = {
    "click": N_("The click was not tried"),
    "signup": N_("The signup was not tried"),
    "purchase": N_("The purchase was not tried"),
    "refund": N_("The refund was not tried"),
}
_LACKING: Mapping[str, str] = {
    "click_id": N_(
        "The visitor is sent on, but without the id of a click: it was not stored. The log says “click_lost”."
    ),
    "referral": N_("The account was made, but nobody is credited for it."),
    "reward": N_("The purchase was stored, but no rule rewarded it."),
    "reversal": N_("The refund was stored, but it took nothing back."),
}
# By the first digits of a status that was not expected.
_STATUSES: Mapping[int, str] = {
    4: N_("It was refused. Look at BASE_URL and at what stands in front of this site."),
    5: N_(
        "Something broke on our side. The log of the server says what, and /readyz says whether the database is fine."
    ),
}


@dataclass(frozen=True, slots=True)
class HeardLine:
    """One kind of thing: when it was last heard of, None for never, and then what to do."""

    icon: str
    name: str
    at: datetime | None
    missing: str


@dataclass(frozen=True, slots=True)
class HopCard:
    """One hop: its answer as a heading, the request, and what came back. `look` is "good", "bad" or "none"."""

    look: str
    heading: str
    request: str
    status: int | None
    text: str
    answer: str


def heading_of(heard: LastHeard, *, leads_elsewhere: bool) -> str:
    """Say what arrives and what is the first thing that does not. Nobody reports signups that are made here."""
    if heard.click is None:
        return _("No link was opened yet")
    if heard.signup is None and not leads_elsewhere:
        if heard.purchase is None:
            return _("People sign up on this site; purchases are not reported yet")
        return _("People sign up on this site; purchases arrive")
    if heard.signup is None and heard.purchase is not None:
        return _("Purchases arrive; signups are not reported yet")
    if heard.signup is None:
        return _("Links are opened; signups are not reported yet")
    if heard.purchase is None:
        return _("Signups arrive; purchases are not reported yet")
    if heard.refund is None:
        return _("Signups and purchases arrive; no refund was reported yet")
    return _("Clicks, signups, purchases and refunds arrive")


def heard_lines(heard: LastHeard, *, leads_elsewhere: bool) -> list[HeardLine]:
    missing = _MISSING if leads_elsewhere else _MISSING | {"signup": _SIGNED_UP_HERE}
    return [HeardLine(_ICONS[name], _(_NAMES[name]), getattr(heard, name), _(missing[name])) for name in _NAMES]


def way_heading(hops: Sequence[Hop]) -> str:
    if all(hop.went_well for hop in hops):
        return _("The whole way works, from click to refund.")
    return _("The way breaks off.")


def hop_card(hop: Hop) -> HopCard:
    if hop.status is None:
        return HopCard("none", _(_NOT_TRIED[hop.name]), "", None, _("It needs what comes before it."), "")
    if hop.went_well:
        amount = money(hop.amount) if hop.amount else ""
        return HopCard("good", _(_GONE_WELL[hop.name]) % {"amount": amount}, hop.request, hop.status, "", "")
    words = _LACKING.get(hop.missing) or _STATUSES.get(hop.status // 100, N_("This answer was not expected."))
    return HopCard("bad", _(_FAILED[hop.name]), hop.request, hop.status, _(words), hop.answer)


def snippet(base_url: str, consent_mode: str) -> str:
    """Return the line that the business puts into its pages."""
    consent = "" if consent_mode == "cookie" else f' data-consent="{consent_mode}"'
    return f'<script src="{base_url}/static/js/grapevine.js" defer{consent}></script>'


def hidden_fields() -> str:
    return '<input type="hidden" name="referral_code">\n<input type="hidden" name="click_id">'


def curl(base_url: str, path: str, body: Mapping[str, object]) -> str:
    """Return a call of the API as one types it, with a place for the key."""
    return " \\\n".join(
        (
            f"curl {base_url}/api/v1{path}",
            f"  -H 'Authorization: Bearer {KEY}'",
            "  -H 'Content-Type: application/json'",
            f"  -d '{json.dumps(body, indent=2, ensure_ascii=False)}'".replace("\n", "\n  "),
        )
    )
