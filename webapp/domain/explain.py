"""Attribution decisions in words."""

from dataclasses import dataclass
from datetime import datetime

from webapp.domain.attribution import TouchOutcome
from webapp.domain.referral_changes import Kind
from webapp.domain.sentences import N_, NN_, Sentence, counted


@dataclass(frozen=True, slots=True)
class Words:
    """An answer and what it rests on."""

    title: Sentence
    because: tuple[Sentence, ...]


def attribution_for_referrer(
    outcome: TouchOutcome,
    kind: str,
    *,
    friend: str,
    touched_at: datetime,
    signed_up_at: datetime,
    window_days: int,
) -> Words:
    """Say to a referrer why a signup counts for them or does not.

    `friend` is the first name, empty when it may not be shown. Only a friend
    who was credited to this referrer is named.
    """
    if outcome == "credited":
        title = (
            Sentence(N_("%(friend)s counts as your friend"), {"friend": friend})
            if friend
            else Sentence(N_("This person counts as your friend"))
        )
        return Words(title, _credited_because(kind, touched_at, signed_up_at, window_days))
    if outcome == "same_person":
        return _SAME_PERSON
    if outcome == "after_signup":
        return Words(_AFTER_SIGNUP, _after_signup(touched_at, signed_up_at))
    if outcome == "outside_window":
        return Words(_OUTSIDE_WINDOW, _outside_window(touched_at, signed_up_at, window_days))
    title, why = _BEATEN[outcome]
    return Words(title, (_came(kind, touched_at, signed_up_at), *why))


def change_for_referrer(kind: Kind, *, to_them: bool, at: datetime) -> Words:
    """Say to a referrer what the last change that was about them did. No other person is named."""
    on = {"day": at}
    if to_them:
        return Words(
            Sentence(N_("This signup was credited to you after a check on %(day)s"), on),
            (Sentence(N_("What this person does counts for you, also what they did before.")),),
        )
    taken = Sentence(N_("What it had earned you was taken back. Your rewards show each amount."))
    if kind == "remove":
        return Words(Sentence(N_("This signup does not count any more after a check on %(day)s"), on), (taken,))
    return Words(Sentence(N_("This signup was credited to someone else after a check on %(day)s"), on), (taken,))


def _credited_because(
    kind: str, touched_at: datetime, signed_up_at: datetime, window_days: int
) -> tuple[Sentence, ...]:
    if kind == "typed_code":
        return (
            Sentence(N_("They typed your code when they signed up, and a typed code comes before everything else.")),
        )
    if kind == "coupon_code":
        return (Sentence(N_("They used your coupon code, and a coupon code comes before every link.")),)
    if kind == "page":
        return (Sentence(N_("They signed up on a page that was opened with your link.")),)
    days = (signed_up_at - touched_at).days
    opened = {"opened": touched_at}
    if days == 0:
        after = Sentence(N_("They opened your link on %(opened)s and signed up less than a day later."), opened)
    else:
        after = counted(
            NN_(
                "They opened your link on %(opened)s and signed up one day later.",
                "They opened your link on %(opened)s and signed up %(days)s days later.",
            ),
            days,
            {**opened, "days": days},
        )
    window = counted(
        NN_("A link counts for one day after it was opened.", "A link counts for %(window)s days after it was opened."),
        window_days,
        {"window": window_days},
    )
    return (after, window)


_SAME_PERSON = Words(
    Sentence(N_("Your own signup does not count")),
    (Sentence(N_("The e-mail of this signup reaches the same mailbox as yours. Only other people count as friends.")),),
)
_AFTER_SIGNUP = Sentence(N_("They signed up before they opened your link"))
_OUTSIDE_WINDOW = Sentence(N_("Your link was opened too long before"))


def _after_signup(touched: datetime, signed_up: datetime) -> tuple[Sentence, ...]:
    days = (touched - signed_up).days
    on = {"opened": touched, "signed_up": signed_up}
    if days == 0:
        later = Sentence(N_("Someone signed up on %(signed_up)s and opened your link less than a day later."), on)
    else:
        forms = NN_(
            "Someone signed up on %(signed_up)s and opened your link one day later, on %(opened)s.",
            "Someone signed up on %(signed_up)s and opened your link %(days)s days later, on %(opened)s.",
        )
        later = counted(forms, days, {**on, "days": days})
    return (later, Sentence(N_("Only a link that was opened before the signup counts.")))


def _outside_window(touched: datetime, signed_up: datetime, window_days: int) -> tuple[Sentence, ...]:
    days = (signed_up - touched).days
    values = {"opened": touched, "days": days, "window": window_days}
    if days > window_days:
        forms = NN_(
            "Someone signed up %(days)s days after your link was opened on %(opened)s; the window is one day.",
            "Someone signed up %(days)s days after your link was opened on %(opened)s; the window is %(window)s days.",
        )
    else:
        forms = NN_(
            "Someone signed up a little more than one day after your link was opened on %(opened)s, and the window is"
            " one day.",
            "Someone signed up a little more than %(window)s days after your link was opened on %(opened)s, and the"
            " window is %(window)s days.",
        )
    return (counted(forms, window_days, values),)


def _came(kind: str, touched: datetime, signed_up: datetime) -> Sentence:
    """Say what someone who is not credited did with the link, and how long before they signed up."""
    if kind != "click":
        return Sentence(_CAME[kind])
    if touched > signed_up:
        return Sentence(N_("Your link was opened on %(opened)s."), {"opened": touched})
    days = (signed_up - touched).days
    if days == 0:
        return Sentence(
            N_("Your link was opened on %(opened)s, less than a day before someone signed up."), {"opened": touched}
        )
    return counted(
        NN_(
            "Your link was opened on %(opened)s, one day before someone signed up.",
            "Your link was opened on %(opened)s, %(days)s days before someone signed up.",
        ),
        days,
        {"opened": touched, "days": days},
    )


_CAME: dict[str, str] = {
    "typed_code": N_("Someone typed your code when they signed up."),
    "coupon_code": N_("Someone used your coupon code."),
    "page": N_("Someone signed up on a page that was opened with your link."),
}
# A title, and what follows the sentence about the link. Nobody is named: neither who came nor whose link it was.
_BEATEN: dict[TouchOutcome, tuple[Sentence, tuple[Sentence, ...]]] = {
    "existing_customer": (
        Sentence(N_("They already had an account")),
        (
            Sentence(N_("They had an account before this signup, so they are not a new friend.")),
            Sentence(N_("We keep their name to ourselves.")),
        ),
    ),
    "beaten_by_typed_code": (
        Sentence(N_("They typed another code")),
        (Sentence(N_("When they signed up they typed another code, and a typed code comes before everything else.")),),
    ),
    "beaten_by_coupon_code": (
        Sentence(N_("They used another coupon code")),
        (Sentence(N_("They also used another coupon code, and a coupon code comes before every link.")),),
    ),
    "beaten_by_click_id": (
        Sentence(N_("They arrived through another link")),
        (Sentence(N_("They arrived at the signup through another link, which comes before what was opened earlier.")),),
    ),
    "beaten_by_earlier_touch": (
        Sentence(N_("Another link came first")),
        (Sentence(N_("Another link had been opened before it, and the first one counts.")),),
    ),
    "beaten_by_later_touch": (
        Sentence(N_("Another link came later")),
        (Sentence(N_("Another link was opened after it, and the last one counts.")),),
    ),
}


def attribution_for_admin(reason: str, method: str | None, *, model: str, window_days: int) -> Sentence:
    """Say to an admin, in one sentence, how a signup was attributed. `reason` is the decision's.

    `method` is that of the referral as it is now, None when there is none.
    """
    if method == "typed_code":
        return Sentence(N_("Typed the referrer’s code"))
    if method == "coupon_code":
        return Sentence(N_("Used the referrer’s coupon code"))
    if method == "assigned":
        return Sentence(N_("Credited by a person after a check"))
    if reason == "credited" and method is None:
        return Sentence(N_("A person took the credit away after a check"))
    if reason == "credited":
        return counted(_CREDITED_FOR_ADMIN[model], window_days, {"window": window_days})
    return Sentence(_FOR_ADMIN.get(reason, N_("Came without a link")))


_CREDITED_FOR_ADMIN = {
    "first": NN_("First link opened in the last day", "First link opened in the last %(window)s days"),
    "last": NN_("Last link opened in the last day", "Last link opened in the last %(window)s days"),
}
_FOR_ADMIN = {
    "not_referred": N_("Came without a link"),
    "same_person": N_("Used their own link: the same mailbox"),
    "existing_customer": N_("Had an account before this signup"),
    "after_signup": N_("Opened the link only after signing up"),
    "outside_window": N_("Opened the link too long before signing up"),
}
