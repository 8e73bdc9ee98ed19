"""The chain of the audit log."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from webapp.domain.audit import BEGINNING, Act, entry_hash

ACT = Act(
    program_id=UUID(int=1),
    sequence=1,
    at=datetime(2026, 11, 22, 12, 0, 0, 5, tzinfo=UTC),
    actor="person",
    actor_id=UUID(int=2),
    action="role_changed",
    subject="user",
    subject_id=UUID(int=3),
    details={"from": "referrer", "to": "marketer"},
)


@pytest.mark.parametrize(
    "other",
    [
        {"program_id": UUID(int=9)},
        {"sequence": 2},
        {"at": ACT.at + timedelta(microseconds=1)},
        {"actor": "command"},
        {"actor_id": None},
        {"action": "person_created"},
        {"subject": "reward"},
        {"subject_id": None},
        {"details": {"from": "referrer", "to": "admin"}},
    ],
)
def test_whatever_an_entry_says_changes_its_hash(other):
    assert entry_hash(BEGINNING, replace(ACT, **other)) != entry_hash(BEGINNING, ACT)


def test_an_entry_depends_on_the_one_before():
    assert entry_hash("1" * 64, ACT) != entry_hash(BEGINNING, ACT)


def test_the_same_moment_and_the_same_details_in_another_order_are_the_same_entry():
    same = replace(
        ACT, at=ACT.at.astimezone(timezone(timedelta(hours=5))), details=dict(reversed(list(ACT.details.items())))
    )
    assert entry_hash(BEGINNING, same) == entry_hash(BEGINNING, ACT)
