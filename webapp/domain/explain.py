"""Attribution decisions in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.domain.attribution import TouchKind, TouchOutcome
from webapp.domain.sentences import N_, NN_, Sentence, counted


@dataclass(frozen=True, slots=True)
class Words:
    """An answer and what it rests on."""

    title: Sentence
    because: tuple[Sentence, ...]


def attribution_for_referrer(
    outcome: TouchOutcome,
    kind: TouchKind,
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
    return Words(*_NOT_COUNTED[outcome](touched_at, signed_up_at, window_days))


def _credited_because(
    kind: TouchKind, touched_at: datetime, signed_up_at: datetime, window_days: int
) -> tuple[Sentence, ...]:
    if kind == "typed_code":
        return (Sentence(N_("They typed your code when they signed up, and a typed code comes before every link.")),)
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


def _same_person(_touched: datetime, _signed_up: datetime, _window_days: int) -> tuple[Sentence, tuple[Sentence, ...]]:
    return Sentence(N_("Your own signup does not count")), (
        Sentence(
            N_("The e-mail of this signup reaches the same mailbox as yours. Only other people count as friends.")
        ),
    )


def _existing_customer(
    _touched: datetime, _signed_up: datetime, _window_days: int
) -> tuple[Sentence, tuple[Sentence, ...]]:
    return Sentence(N_("They already had an account")), (
        Sentence(N_("This person had an account before this signup, so they are not a new friend.")),
        Sentence(N_("We keep their name to ourselves.")),
    )


def _after_signup(_touched: datetime, _signed_up: datetime, _window_days: int) -> tuple[Sentence, tuple[Sentence, ...]]:
    return Sentence(N_("They signed up before they opened your link")), (
        Sentence(N_("Only a link that was opened before the signup counts.")),
    )


def _outside_window(touched: datetime, signed_up: datetime, window_days: int) -> tuple[Sentence, tuple[Sentence, ...]]:
    # Exactly n days later is not yet "more than n days".
    days = (signed_up - touched - timedelta(microseconds=1)).days
    return Sentence(N_("Your link was opened too long before")), (
        counted(
            NN_(
                "This person signed up more than one day after your link was opened on %(opened)s.",
                "This person signed up more than %(days)s days after your link was opened on %(opened)s.",
            ),
            days,
            {"opened": touched, "days": days},
        ),
        counted(
            NN_("A link counts for one day.", "A link counts for %(window)s days."),
            window_days,
            {"window": window_days},
        ),
    )


def _beaten_by_typed_code(
    _touched: datetime, _signed_up: datetime, _window_days: int
) -> tuple[Sentence, tuple[Sentence, ...]]:
    return Sentence(N_("They typed another code")), (
        Sentence(N_("This person opened your link, then typed a different code when they signed up.")),
        Sentence(N_("A typed code comes before every link.")),
    )


def _beaten_by_earlier_touch(
    touched: datetime, _signed_up: datetime, _window_days: int
) -> tuple[Sentence, tuple[Sentence, ...]]:
    return Sentence(N_("Another link came first")), (
        Sentence(
            N_("Your link was opened on %(opened)s, but another one was opened before it; the first one counts."),
            {"opened": touched},
        ),
    )


def _beaten_by_later_touch(
    touched: datetime, _signed_up: datetime, _window_days: int
) -> tuple[Sentence, tuple[Sentence, ...]]:
    return Sentence(N_("Another link came later")), (
        Sentence(
            N_("Your link was opened on %(opened)s, but another one was opened after it; the last one counts."),
            {"opened": touched},
        ),
    )


_NOT_COUNTED = {
    "same_person": _same_person,
    "existing_customer": _existing_customer,
    "after_signup": _after_signup,
    "outside_window": _outside_window,
    "beaten_by_typed_code": _beaten_by_typed_code,
    "beaten_by_earlier_touch": _beaten_by_earlier_touch,
    "beaten_by_later_touch": _beaten_by_later_touch,
}


def attribution_for_admin(reason: str, method: str | None, *, model: str, window_days: int) -> Sentence:
    """Say to an admin, in one sentence, how a signup was attributed. `reason` and `method` are the decision's."""
    if method == "typed_code":
        return Sentence(N_("Typed the referrer’s code"))
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
