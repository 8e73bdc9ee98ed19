"""Limits of reward rules, and rules that count friends: who waits for whom, and what was used when an event arrives."""

from collections.abc import Collection, Set
from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain.facts import Facts, Used
from webapp.domain.periods import window_of
from webapp.queries.limits import used_of
from webapp.queries.rules import RuleSet, Version
from webapp.services.queues import queue_for


def queue_for_limits(session: Session, program_id: UUID, rules: RuleSet, types: Set[str], referrer_id: UUID) -> None:
    """Let events of these types that use the same limit, or count for the same referrer, happen one after the other.

    Other rules need nothing. All of them are taken at once, after the names of the event and before any
    row is locked, so that nobody waits in a ring. Any version counts: late
    events are priced by older ones, and what those give is used all the same.
    """
    names = []
    for limited in rules.limited:
        if types & limited.triggers:
            if "program" in limited.scopes:
                names.append(f"limit:{limited.rule_id}")
            if "per_referrer" in limited.scopes:
                names.append(f"limit:{limited.rule_id}:{referrer_id}")
            if limited.counts:
                names.append(f"counts:{referrer_id}")
    if names:
        queue_for(session, program_id, *names)


def queue_for_counts(session: Session, program_id: UUID, rules: RuleSet, referrer_ids: Collection[UUID]) -> None:
    """Let nobody else change what friends count for these referrers; nothing where no rule counts them.

    Before any row is locked, as above.
    """
    if referrer_ids and any(limited.counts for limited in rules.limited):
        queue_for(session, program_id, *(f"counts:{referrer_id}" for referrer_id in referrer_ids))


def with_used(
    session: Session,
    program_id: UUID,
    version: Version,
    facts: Facts,
    *,
    referrer_id: UUID,
    time_zone: str,
    without: UUID | None = None,
) -> Facts:
    """Return facts with what is used now of each limit of a rule, in the period of the event.

    Nothing of the conversion `without` counts as used.
    """
    limits = version.definition.limits
    used: dict[str, Used] = {}
    for limit in limits.each if limits else ():
        window = window_of(limit.period, facts.occurred_at, time_zone)
        found = used_of(session, program_id, version.rule_id, limit, window, referrer_id=referrer_id, without=without)
        used[limit.scope] = Used(found, window)
    return replace(facts, used=used)
