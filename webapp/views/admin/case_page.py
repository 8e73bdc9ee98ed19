"""The page of one case: what is held, what is known of the people, and what can be decided."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.domain.explain_for_staff import event_for_staff, reason_label
from webapp.domain.explain_rewards import Stand, reward_for_owner
from webapp.domain.reward_decisions import CHOICES, rejection_for_owner
from webapp.formatting import number, say
from webapp.models import Program, User
from webapp.queries.case_files import (
    CasePerson,
    Decided,
    OtherFriend,
    compare,
    decisions_about,
    other_friends,
    people_of,
    refused_friends,
)
from webapp.queries.cases import CaseKey, CaseNames, HeldReward, OpenCase, held_in
from webapp.queries.screenings import ScreeningRow, first_screenings
from webapp.views.admin.appeal_words import appeal_cards
from webapp.views.admin.case_evidence import EvidenceRow, refused_line, side_by_side, speaks_for
from webapp.views.admin.case_words import DOUBTS, called, question, reasons, reject_consequence
from webapp.views.admin.decision_words import button_label, consequence
from webapp.views.admin.reward_decisions import MOST
from webapp.views.admin.reward_words import count_of_rewards, plain_day, status_label, type_label
from webapp.views.admin.suspicion_words import Suspicion, suspicion_of
from webapp.views.worth import worth_text, worth_together

# Of more friends than these only the rewards are listed.
COMPARED = 20
_VERDICTS = {
    "hold": lambda: _("held"),
    "deny": lambda: _("rejected"),
    "clear": lambda: _("nothing to hold"),
}


@dataclass(frozen=True, slots=True)
class FriendFile:
    """One friend of a case: beside the referrer, and why they were held. `rewards` says what of theirs is held."""

    id: UUID
    name: str
    signup_id: UUID | None
    rewards: str
    rows: list[EvidenceRow]
    suspicion: Suspicion | None


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A reward that a decision is about. `value` is what the form sends: its id, and what it was when it was seen."""

    value: str
    id: UUID
    owner: str
    what: str
    why: str
    amount: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class OtherLine:
    """One of the referrer's other friends."""

    id: UUID
    name: str
    joined_at: datetime
    orders: str
    sent_back: str
    standing: str


@dataclass(frozen=True, slots=True)
class DecidedLine:
    """A decision that was made before."""

    what: str
    who: str
    at: datetime
    note: str


def case_page(
    session: Session, program: Program, case: OpenCase, seen: Mapping[UUID, int] | None, *, by: UUID
) -> dict[str, Any]:
    """Return what the page of a case needs, for the admin `by`.

    `seen` are the rewards of a form that was sent and not taken.
    """
    key, now = case.key, utc_now()
    held = held_in(session, program.id, key)
    shown = held[:MOST]
    people = people_of(session, program.id, {key.referrer_id, *_people_in(shown)})
    looks = first_screenings(session, {one.friend_id for one in shown if one.friend_id})
    referrer = people[key.referrer_id]
    files = _files(referrer, shown, people, looks)
    others = other_friends(session, program.id, key)
    first = looks.get(files[0].id) if files else None
    compared = compare(session, program.id, {one.signal for one in first.findings} if first else ())
    friend_names = [file.name for file in files]
    return {
        "key": key,
        "referrer": referrer,
        "called": called(referrer.name),
        "heading": question(key, case.friends, CaseNames(referrer.name, friend_names[0] if friend_names else None)),
        "doubt": DOUBTS[key.category](),
        "summary": _summary(case),
        "state": status_label("held", since=case.since, matures_at=now),
        "files": files[:COMPARED],
        "files_beyond": len(files) - len(files[:COMPARED]),
        "speaks_for": speaks_for(referrer, [people[file.id] for file in files[:COMPARED]], others, compared),
        "others": [_other(one) for one in others.latest],
        "others_beyond": others.friends - len(others.latest),
        "appeals": appeal_cards(session, program, [one.id for one in shown], by=by),
        "rewards": [_held_line(one, people, seen) for one in shown],
        "rewards_beyond": len(held) - len(shown),
        "choices": _choices(case, shown, now),
        "reasons": reasons(),
        "readers": _readers(shown, people, referrer.id),
        **_past(session, program, key),
    }


def decided_page(session: Session, program: Program, key: CaseKey, referrer: User) -> dict[str, Any]:
    """Return what the page of a case needs in which nothing is held."""
    return {
        "referrer": referrer,
        "heading": _("Nothing of this is held for %(name)s", name=called(referrer.name)),
        "doubt": DOUBTS[key.category](),
        **_past(session, program, key),
    }


def _past(session: Session, program: Program, key: CaseKey) -> dict[str, Any]:
    refused, in_all = refused_friends(session, program.id, key.referrer_id)
    decided = decisions_about(session, program.id, key.referrer_id)
    return {
        "refused": [refused_line(one) for one in refused],
        "refused_beyond": in_all - len(refused),
        "decided": [_decided(one) for one in decided],
    }


def _people_in(held: Sequence[HeldReward]) -> set[UUID]:
    return {id_ for one in held for id_ in (one.friend_id, one.beneficiary_id) if id_}


def _files(
    referrer: CasePerson,
    held: Sequence[HeldReward],
    people: Mapping[UUID, CasePerson],
    looks: Mapping[UUID, ScreeningRow],
) -> list[FriendFile]:
    """Return the friends of a case, the one of whom most was found first; who is their own referrer has nobody."""
    of_friend: dict[UUID, list[HeldReward]] = defaultdict(list)
    for one in held:
        if one.friend_id in people and one.friend_id != referrer.id:
            of_friend[one.friend_id].append(one)

    def weight(friend_id: UUID) -> tuple[Fraction, str]:
        look = looks.get(friend_id)
        return (-look.score if look else Fraction(0), friend_id.hex)

    return [
        FriendFile(
            id=friend_id,
            name=people[friend_id].name,
            signup_id=people[friend_id].signup_id,
            rewards=worth_together([one.worth for one in of_friend[friend_id]]),
            rows=side_by_side(referrer, people[friend_id], looks.get(friend_id)),
            suspicion=suspicion_of(looks.get(friend_id)),
        )
        for friend_id in sorted(of_friend, key=weight)
    ]


def _summary(case: OpenCase) -> str:
    return _(
        "%(amount)s is held since %(day)s. It stays held until someone decides.",
        amount=worth_together(case.worth),
        day=plain_day(case.since),
    )


def _held_line(one: HeldReward, people: Mapping[UUID, CasePerson], seen: Mapping[UUID, int] | None) -> HeldLine:
    friend = people.get(one.friend_id) if one.friend_id else None
    what = {"type": type_label(one.type), "day": plain_day(one.occurred_at)}
    sequence = one.sequence if seen is None else seen.get(one.id, one.sequence)
    return HeldLine(
        value=f"{one.id}:{sequence}",
        id=one.id,
        owner=people[one.beneficiary_id].name,
        what=_("%(type)s of %(name)s, %(day)s", name=friend.name, **what) if friend else _("%(type)s, %(day)s", **what),
        why=say(event_for_staff("held", one.reason, None, clawed_back=False)),
        amount=worth_text(one.kept, one.kind),
        is_chosen=seen is None or one.id in seen,
    )


def _choices(case: OpenCase, held: Sequence[HeldReward], now: datetime) -> list[tuple[str, str, str]]:
    """Return what can be decided: its name, the words on its button, and what follows."""
    kept = [one.worth for one in held]
    return [
        ("release", button_label(CHOICES["release"], kept), consequence(CHOICES["release"], held, now=now)),
        ("reject", button_label(CHOICES["reject"], kept), reject_consequence(case)),
    ]


def _readers(held: Sequence[HeldReward], people: Mapping[UUID, CasePerson], referrer_id: UUID) -> dict[str, Any]:
    """Return who reads of the decision, and in which words: after a release, and after a rejection for each reason."""
    first = next((one for one in held if one.beneficiary_id == referrer_id), held[0])
    name = called(people[first.beneficiary_id].name)
    stand = Stand(
        status="pending" if first.matures_at > utc_now() else "approved",
        reason="checked",
        since=utc_now(),
        amount=first.kept,
        reversed_minor=0,
        clawed_back_minor=0,
        occurred_at=first.occurred_at,
        matures_at=first.matures_at,
        form=first.kind,  # type: ignore[arg-type]
    )
    words = reward_for_owner(stand)
    return {
        "heading": _("%(name)s will read", name=name),
        "release": ". ".join((say(words.title), *(say(one) for one in words.because))),
        "reject": [(code, " ".join(say(one) for one in rejection_for_owner(code))) for code, *_words in reasons()],
    }


def _other(one: OtherFriend) -> OtherLine:
    return OtherLine(
        id=one.id,
        name=one.name,
        joined_at=one.joined_at,
        orders=number(one.orders),
        sent_back=number(one.sent_back),
        standing=_VERDICTS[one.verdict]() if one.verdict in _VERDICTS else _("not looked at"),
    )


def _decided(one: Decided) -> DecidedLine:
    label = reason_label(one.reason)
    said = say(event_for_staff(one.status, one.reason, None, clawed_back=False))
    what = _("%(what)s: %(why)s", what=said, why=say(label)) if label else said
    return DecidedLine(
        what=f"{what} ({count_of_rewards(one.rewards)})",
        who=one.by or _("Someone who is gone"),
        at=one.at,
        note=one.note or "",
    )
