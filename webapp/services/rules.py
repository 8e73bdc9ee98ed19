"""Publishing reward rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from webapp.domain.rules import RuleDefinition, to_stored
from webapp.ids import new_id
from webapp.models import Program, RewardRule, RewardRuleVersion
from webapp.queries.rules import Version, read_rule_set
from webapp.services.audit import record_act
from webapp.services.queues import queue_for
from webapp.services.rows import append


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing does to one rule. `before` is None for a new one, `definition` None for one that ends."""

    kind: Literal["new", "changed", "ended"]
    key: str
    number: int
    before: Version | None
    definition: RuleDefinition | None


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

    With `prune` the live rules that are not wanted end. `by` is who did it,
    None for the command line. A conversion that happened before `now` is still
    priced by the version before, also when it arrives later.
    """
    queue_for(session, program.id, "rules")
    published = plan_rules(session, program, wanted, prune=prune)
    for change in published:
        rule_id = _append_version(session, program, change, note=note, by=by, now=now)
        action = "rule_ended" if change.kind == "ended" else "rule_published"
        about = {"key": change.key, "version": change.number}
        record_act(session, program.id, action, subject="rule", subject_id=rule_id, by=by, now=now, details=about)
    if published:
        session.execute(update(Program).where(Program.id == program.id).values(rules_revision=new_id()))
    return published


def plan_rules(
    session: Session, program: Program, wanted: Sequence[RuleDefinition], *, prune: bool
) -> list[Publication]:
    """Return what `publish_rules` would publish. Writes nothing."""
    latest = {version.definition.key: version for version in read_rule_set(session, program.id).latest()}
    changes = [change for rule in wanted if (change := _difference(latest.get(rule.key), rule))]
    if prune:
        kept = {rule.key for rule in wanted}
        changes += [
            Publication("ended", key, version.number + 1, version, None)
            for key, version in latest.items()
            if key not in kept and version.state == "live"
        ]
    return changes


def _difference(before: Version | None, rule: RuleDefinition) -> Publication | None:
    if before is None:
        return Publication("new", rule.key, 1, None, rule)
    if before.state == "live" and before.definition == rule:
        return None
    return Publication("changed", rule.key, before.number + 1, before, rule)


def _append_version(
    session: Session, program: Program, change: Publication, *, note: str, by: UUID | None, now: datetime
) -> UUID:
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
        "state": "live" if change.definition else "ended",
        "definition": to_stored(definition),
        "live_from": now,
        "note": note,
        "published_by": by,
        "published_at": now,
    }
    append(session, RewardRuleVersion, [version])
    return rule_id
