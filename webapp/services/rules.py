"""Publishing reward rules: new versions, and letting them pause, go on and end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from webapp.domain.rules import RuleDefinition, RuleError, to_stored
from webapp.ids import new_id
from webapp.models import Program, RewardRule, RewardRuleVersion
from webapp.queries.coupon_pools import keys_of_pools
from webapp.queries.rules import State, Version, newest_rule_set
from webapp.services.audit import record_act
from webapp.services.queues import queue_for
from webapp.services.rows import append

# What publishing queues for.
RULES = "rules"


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing does to one rule. `before` is None for a new one, `definition` None for one that ends."""

    kind: Literal["new", "changed", "ended"]
    key: str
    number: int
    before: Version | None
    definition: RuleDefinition | None


class StaleRuleError(Exception):
    """The rule is not as it was when the change was begun: `latest` was published in the meantime."""

    def __init__(self, latest: Version) -> None:
        super().__init__(f"version {latest.number} of {latest.definition.key} was published in the meantime")
        self.latest = latest


class RuleKeyTakenError(Exception):
    """Another rule of the program has this key."""


class RuleStateError(Exception):
    """A rule cannot go from where it stands to where it was sent."""


# What each state can become by itself. A rule that ended goes on with a version that is published.
_NEXT_STATES: dict[State, tuple[State, ...]] = {"live": ("paused", "ended"), "paused": ("live", "ended"), "ended": ()}
_ACTIONS: dict[State, str] = {"live": "rule_resumed", "paused": "rule_paused", "ended": "rule_ended"}


def begin_publishing(session: Session, program_id: UUID) -> None:
    """Wait until nobody else publishes and no event is under way; those that come wait until this transaction ends.

    Whoever reads the clock after this, and publishes with what it says, prices every event by what was live then.
    """
    queue_for(session, program_id, RULES)


def publish_rules(
    session: Session,
    program: Program,
    wanted: Sequence[RuleDefinition],
    *,
    prune: bool,
    note: str,
    by: UUID | None,
    now: datetime,
) -> list[Publication]:
    """Publish a new version, live from `now`, of each rule that differs from what is live; the others stay.

    With `prune` the rules that are not wanted end, paused ones too. `by` is who did it,
    None for the command line. A conversion that happened before `now` is still
    priced by the version before, also when it arrives later.
    """
    begin_publishing(session, program.id)
    published = plan_rules(session, program, wanted, prune=prune)
    for change in published:
        state: State = "ended" if change.definition is None else "live"
        action = "rule_ended" if change.definition is None else "rule_published"
        _append_version(session, program, change, state=state, action=action, note=note, by=by, now=now)
    return published


def publish_rule(
    session: Session,
    program: Program,
    definition: RuleDefinition,
    *,
    after: int,
    note: str,
    by: UUID | None,
    now: datetime,
) -> Publication | None:
    """Publish one rule, live from `now`. None when it says what is live already.

    `after` is the number of the version that was changed, 0 for a new rule.
    Raises StaleRuleError when another one was published since, so that nobody
    undoes unseen what somebody else did, and RuleKeyTakenError when a new rule
    has the key of another.
    """
    begin_publishing(session, program.id)
    latest = _latest(session, program).get(definition.key)
    if latest is not None and after == 0:
        raise RuleKeyTakenError
    if latest is not None and latest.number != after:
        raise StaleRuleError(latest)
    check_pool(session, program.id, definition)
    change = _difference(latest, definition)
    if change is not None:
        _append_version(session, program, change, state="live", action="rule_published", note=note, by=by, now=now)
    return change


def change_rule_state(
    session: Session,
    program: Program,
    rule_id: UUID,
    state: State,
    *,
    after: int,
    note: str,
    by: UUID | None,
    now: datetime,
) -> Publication:
    """Let a rule pause, go on or end from `now`: a new version that says what the one before said.

    Raises StaleRuleError when version `after` is not the newest any more, and
    RuleStateError when a rule that stands where this one does cannot do so.
    """
    begin_publishing(session, program.id)
    latest = next(version for version in _latest(session, program).values() if version.rule_id == rule_id)
    if latest.number != after:
        raise StaleRuleError(latest)
    if state not in _NEXT_STATES[latest.state]:
        raise RuleStateError(f"a rule that is {latest.state} cannot become {state}")
    kind: Literal["changed", "ended"] = "ended" if state == "ended" else "changed"
    change = Publication(kind, latest.definition.key, latest.number + 1, latest, latest.definition)
    _append_version(session, program, change, state=state, action=_ACTIONS[state], note=note, by=by, now=now)
    return change


def plan_rules(
    session: Session, program: Program, wanted: Sequence[RuleDefinition], *, prune: bool
) -> list[Publication]:
    """Return what `publish_rules` would publish. Writes nothing. Raises RuleError for a pool that is not there."""
    for rule in wanted:
        check_pool(session, program.id, rule)
    latest = _latest(session, program)
    changes = [change for rule in wanted if (change := _difference(latest.get(rule.key), rule))]
    if prune:
        kept = {rule.key for rule in wanted}
        changes += [
            Publication("ended", key, version.number + 1, version, None)
            for key, version in latest.items()
            if key not in kept and version.state != "ended"
        ]
    return changes


def check_pool(session: Session, program_id: UUID, rule: RuleDefinition) -> None:
    """Raise RuleError when a rule names a coupon pool that the program does not have."""
    key = getattr(rule.settings, "pool", None)
    if key is not None and str(key) not in keys_of_pools(session, program_id):
        raise RuleError("settings.pool", f"names no coupon pool of this program: there is none with the key {key}")


def _difference(before: Version | None, rule: RuleDefinition) -> Publication | None:
    if before is None:
        return Publication("new", rule.key, 1, None, rule)
    if before.state == "live" and before.definition == rule:
        return None
    return Publication("changed", rule.key, before.number + 1, before, rule)


def _latest(session: Session, program: Program) -> dict[str, Version]:
    return {version.definition.key: version for version in newest_rule_set(session, program.id).latest()}


def _append_version(
    session: Session,
    program: Program,
    change: Publication,
    *,
    state: State,
    action: str,
    note: str,
    by: UUID | None,
    now: datetime,
) -> None:
    if change.before is None:
        rule_id = new_id()
        append(session, RewardRule, [{"id": rule_id, "program_id": program.id, "key": change.key, "created_at": now}])
    else:
        rule_id = change.before.rule_id
    definition = change.definition or (change.before.definition if change.before else None)
    if definition is None:
        raise ValueError("a publication has a definition, or a version before")
    version = {
        "id": new_id(),
        "program_id": program.id,
        "rule_id": rule_id,
        "number": change.number,
        "state": state,
        "definition": to_stored(definition),
        "live_from": now,
        "note": note,
        "published_by": by,
        "published_at": now,
    }
    append(session, RewardRuleVersion, [version])
    about = {"key": change.key, "version": change.number}
    record_act(session, program.id, action, subject="rule", subject_id=rule_id, by=by, now=now, details=about)
    session.execute(update(Program).where(Program.id == program.id).values(rules_revision=new_id()))
