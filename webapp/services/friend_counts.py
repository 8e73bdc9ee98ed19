"""Who counts for a referrer under rules that pay by the number of friends, and what follows when that changes.

A friend counts by the first of their conversions that the rule is for and of
which refunds leave something. When a friend comes to count, earlier or not any
more, the conversions of the referrer's friends whose step changes are decided
again, and their rewards corrected by new rows: whatever the order in which
things arrived, what is kept in the end is the same.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from webapp.domain.facts import Facts
from webapp.domain.periods import Window, window_of
from webapp.domain.registry import Counting, counting_of
from webapp.models import Conversion, QualifiedFriend, Referral, Reward
from webapp.queries.bonuses import bonus_step, bonuses_of, promised
from webapp.queries.conversions import Decided, decisions_of_many
from webapp.queries.friend_counts import (
    Place,
    Qualified,
    asked_of_friend,
    conversions_asked,
    conversions_between,
    count_friends,
    counts,
    nth_qualified,
    qualified,
    rules_of_friend,
)
from webapp.queries.rules import RuleSet, Version
from webapp.services.bonuses import Said, bonuses_anew
from webapp.services.doubts import hold_bonuses, is_bonus_doubted
from webapp.services.friend_facts import with_friends
from webapp.services.redeciding import Terms, correct_rewards, decide_again
from webapp.services.reward_steps import lock_rewards
from webapp.services.rows import append


@dataclass(frozen=True, slots=True)
class Circle:
    """A referrer whose friends are counted under a rule, all of its versions by number."""

    versions: tuple[Version, ...]
    referrer_id: UUID

    @property
    def rule_id(self) -> UUID:
        """Which rule it is."""
        return self.versions[0].rule_id

    @property
    def countings(self) -> Iterable[Counting]:
        """In which ways its versions count for a share, each once."""
        ways = (counting_of(version.definition.settings) for version in self.versions)
        return dict.fromkeys(way for way in ways if way is not None and way.of != "reached")

    @property
    def pays_beside(self) -> bool:
        """Whether something may be left of a share by which its friend does not count: refunds can break conditions."""
        return any(version.definition.when is not None for version in self.versions)


def count_conversion(
    session: Session,
    terms: Terms,
    rules: RuleSet,
    decisions: Sequence[Decided],
    *,
    conversion_id: UUID,
    friend_id: UUID,
    referrer_id: UUID,
    place: Place,
) -> bool:
    """Let a friend count from a conversion that was just decided and granted, under each rule that is for it.

    Returns whether that decided anew about the conversion itself.
    """
    is_decided_anew = False
    for decided in decisions:
        version = decided.version
        if version is None or counting_of(version.definition.settings) is None:
            continue
        known = qualified(session, version.rule_id, friend_id)
        if version.definition.qualifies(decided.facts) and (known is None or place < known.place):
            new = Qualified(friend_id, referrer_id, conversion_id, place)
            circle = Circle(rules.of_rule(version.rule_id), referrer_id)
            is_decided_anew |= conversion_id in _replace(session, terms, circle, known, new, granted=conversion_id)
    return is_decided_anew


def count_again(session: Session, terms: Terms, rules: RuleSet, conversion: Conversion) -> None:
    """Look anew by which conversion a friend counts, after refunds of one of theirs changed."""
    friend_id = conversion.user_id
    bond = select(Referral.referrer_id, Referral.bond).where(Referral.id == conversion.referral_id)
    row = session.execute(bond).one_or_none()
    if friend_id is None or row is None:
        return
    referrer_id, number = row
    look_again(session, terms, rules, conversion.type, friend_id=friend_id, referrer_id=referrer_id, bond=number)
    if any(limited.counts for limited in rules.limited):
        # More may be earned by now than was ever granted, which a won dispute alone does not give.
        decisions = decisions_of_many(session, [conversion.id]).get(conversion.id, [])
        correct_rewards(
            session, terms, conversion, [one for one in decisions if one.version and one.version.definition.follows]
        )


def look_again(
    session: Session,
    terms: Terms,
    rules: RuleSet,
    type: str,
    *,
    friend_id: UUID,
    referrer_id: UUID,
    bond: int,
    ended: Collection[datetime] = (),
    begun: Collection[UUID] = (),
) -> None:
    """Look anew by which conversion of a type a friend counts, and which bonuses theirs bring no more.

    `ended` is when what brought bonuses that are over already happened, `begun` conversions that rules are for only
    since just now.
    """
    for limited in rules.limited:
        if not limited.counts or type not in limited.triggers:
            continue
        known = qualified(session, limited.rule_id, friend_id)
        # What was decided for a former referrer is decided anew when its turn comes.
        theirs = [
            (one, decided)
            for one, decided in asked_of_friend(session, limited.rule_id, friend_id)
            if decided.bond == bond
        ]
        found = next((one for one, decided in theirs if counts(decided, one)), None)
        new = Qualified(friend_id, referrer_id, found.id, found.place) if found else None
        # The friend may count by something earlier by now, and a bonus have stayed with something later.
        moments = [*ended, *(one.place.at for one, decided in theirs if bonus_step(decided))]
        if known != new or moments or begun:
            circle = Circle(rules.of_rule(limited.rule_id), referrer_id)
            _replace(session, terms, circle, known, new, moments=moments, begun=begun)


def forget_friend(session: Session, terms: Terms, rules: RuleSet, friend_id: UUID) -> None:
    """Let a friend count for nobody any more, since their referral was changed."""
    for rule_id, known in rules_of_friend(session, friend_id).items():
        moments = [one.place.at for one, decided in asked_of_friend(session, rule_id, friend_id) if bonus_step(decided)]
        circle = Circle(rules.of_rule(rule_id), known.referrer_id)
        _replace(session, terms, circle, known, None, moments=moments, without=friend_id)


def _replace(
    session: Session,
    terms: Terms,
    circle: Circle,
    old: Qualified | None,
    new: Qualified | None,
    *,
    moments: Collection[datetime] = (),
    begun: Collection[UUID] = (),
    without: UUID | None = None,
    granted: UUID | None = None,
) -> Collection[UUID]:
    """Let a friend count by something else, and decide again about all that this changes. Returns the conversions.

    Bonuses are looked at also in the periods of other `moments`; of the friend `without` none stays, and what was
    `granted` just now may bring one that was doubted before.
    """
    if old != new:
        _write(session, circle, old, new)
    anew: dict[UUID, Said | None] = {}
    for counting in circle.countings:
        changed = _steps(session, terms, circle, counting, old, new) if old != new else ()
        anew |= dict.fromkeys([*begun, *changed])
        if old != new and circle.pays_beside:
            # Each friend is one of those who count for theirs, by something else or by none.
            (friend_id,) = {one.friend_id for one in (old, new) if one is not None}
            anew |= dict.fromkeys(one.id for one in conversions_asked(session, circle.rule_id, friend_id=friend_id))
    doubted: set[UUID] = set()
    at = [*(one.place.at for one in (old, new) if one is not None), *moments]
    for bonuses in bonuses_of(circle.versions):
        for window in dict.fromkeys(window_of(bonuses.counting.period, one, terms.time_zone) for one in at):
            found = bonuses_anew(
                *(session, circle.rule_id, circle.referrer_id, bonuses, window),
                new=new if new is not None and new != old and window.contains(new.place.at) else None,
                without=without,
            )
            doubted |= _doubted(session, circle, window, found, granted)
            anew |= found
    if granted is not None and anew:
        anew.setdefault(granted, None)
    _decide_again(session, terms, circle, anew, granted)
    hold_bonuses(session, circle.rule_id, doubted, actor=terms.actor, now=terms.now)
    return anew.keys()


def _doubted(
    session: Session, circle: Circle, window: Window, found: Mapping[UUID, Said], granted: UUID | None
) -> set[UUID]:
    """Return which conversions bring a bonus that was held or rejected where it stood last."""
    versions = [one.id for one in circle.versions if promised(one) is not None]
    about = (session, versions, circle.referrer_id, window)
    return {
        id_
        for id_, said in found.items()
        if said.is_one_more and is_bonus_doubted(*about, said.friends, without=id_ if id_ == granted else None)
    }


def _write(session: Session, circle: Circle, old: Qualified | None, new: Qualified | None) -> None:
    if old is not None:
        here = (QualifiedFriend.rule_id == circle.rule_id, QualifiedFriend.friend_id == old.friend_id)
        session.execute(delete(QualifiedFriend).where(*here))
    if new is not None:
        row = {
            "rule_id": circle.rule_id,
            "friend_id": new.friend_id,
            "referrer_id": new.referrer_id,
            "conversion_id": new.conversion_id,
            "occurred_at": new.place.at,
            "tie": new.place.tie,
        }
        append(session, QualifiedFriend, [row])


def _steps(
    session: Session, terms: Terms, circle: Circle, counting: Counting, old: Qualified | None, new: Qualified | None
) -> Iterator[UUID]:
    """Yield the conversions that may stand at another step than before."""
    # A friend who does not count is one more for what is left of theirs.
    beside = (0, 1) if circle.pays_beside else (0,)
    for window, since, until, more in _changed(terms, counting, old, new):
        about = (session, circle.rule_id, circle.referrer_id, window)
        if counting.of == "period":
            friends = count_friends(*about) + (0 if more else 1)
            if until is None and any(friends + one in counting.steps for one in beside):
                yield from conversions_between(*about, since=None, until=None)
        else:
            for step in dict.fromkeys(step - one for step in counting.steps for one in beside if step > one):
                # With one friend more those reach the step who had one too few; with one fewer those lose it.
                number = step if more else step - 1
                found = nth_qualified(*about, number) if number else None
                if number and found is None:
                    continue
                first = found.place if found else since
                following = nth_qualified(*about, number + 1)
                ends = [end for end in (until, following.place if following else None) if end is not None]
                yield from conversions_between(*about, since=max(first, since), until=min(ends, default=None))


def _changed(
    terms: Terms, counting: Counting, old: Qualified | None, new: Qualified | None
) -> Iterator[tuple[Window, Place, Place | None, bool]]:
    """Yield within which window and places one friend more counts than before, or one fewer."""
    windows = [window_of(counting.period, one.place.at, terms.time_zone) if one else None for one in (old, new)]
    if old is not None and new is not None and windows[0] == windows[1] and windows[0] is not None:
        first, last = sorted((old.place, new.place))
        yield windows[0], first, last, new.place < old.place
        return
    for window, one, more in zip(windows, (old, new), (False, True), strict=True):
        if window is not None and one is not None:
            yield window, one.place, None, more


def _decide_again(
    session: Session, terms: Terms, circle: Circle, anew: dict[UUID, Said | None], granted: UUID | None
) -> None:
    """Decide again about conversions, with the friends that are said, or else with those who count by now.

    What loses a bonus comes first, and what was `granted` just now last, so that the room of a limit is free by then.
    """
    if not anew:
        return
    found = session.execute(
        select(Conversion, Referral.bond)
        .join(Referral, Referral.id == Conversion.referral_id)
        .where(Conversion.id.in_(anew))
    ).all()
    bonds = {conversion.id: bond for conversion, bond in found}
    # All at once, so that nobody waits for one of them who holds another.
    lock_rewards(session, session.scalars(select(Reward.id).where(Reward.conversion_id.in_(anew))).all())
    decisions = decisions_of_many(session, list(anew))
    rows = [conversion for conversion, _bond in found]
    losing = {id_ for id_, said in anew.items() if said is not None and not said.is_one_more}
    rows.sort(key=lambda one: (one.occurred_at, one.tie_break, one.id))
    for conversion in sorted(rows, key=lambda one: (one.id == granted, one.id not in losing)):
        before = decisions.get(conversion.id, [])
        facts = {
            one.version.rule_id: _facts(session, terms, circle, conversion, one.version, one.facts, anew[conversion.id])
            for one in before
            if one.version is not None
            and one.version.rule_id == circle.rule_id
            # What was decided for a former referrer is decided anew when its turn comes.
            and (one.side == "friend" or one.bond == bonds[conversion.id])
        }
        if facts:
            is_new = conversion.id == granted
            decide_again(session, terms, conversion, before, facts, referrer_id=circle.referrer_id, is_new=is_new)


def _facts(
    session: Session,
    terms: Terms,
    circle: Circle,
    conversion: Conversion,
    version: Version,
    facts: Facts,
    said: Said | None,
) -> Facts:
    if said is not None:
        return replace(facts, friends=said.friends, is_new_friend=said.is_one_more)
    if conversion.user_id is None or promised(version) is not None:
        # Of a bonus it is said whose it is.
        return facts
    return with_friends(
        session,
        version,
        facts,
        friend_id=conversion.user_id,
        referrer_id=circle.referrer_id,
        place=Place(conversion.occurred_at, conversion.tie_break),
        time_zone=terms.time_zone,
    )
