"""Reading the audit log."""

from datetime import timedelta

import pytest

from tests import factories, money
from tests.factories import NOON, join
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.queries.audit import Wanted, check_log, count_entries, list_entries, names_of, people_in_log
from webapp.queries.paging import UnknownCursorError
from webapp.queries.rewards import list_rewards
from webapp.services.audit import record_act
from webapp.services.keys import create_key
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")


def test_entries_come_by_their_number_filtered_and_in_parts():
    with write_transaction() as session:
        program_id = factories.program(session).id
        marta_id = factories.person(session, name="Marta Voss", role="admin").id
        other_id = factories.other_program(session).id
        for number in range(4):
            by, at = (marta_id if number % 2 else None), NOON - timedelta(days=number)
            record_act(session, program_id, "role_changed", subject="user", subject_id=new_id(), by=by, now=at)
        record_act(session, other_id, "role_changed", subject="user", subject_id=None, by=None, now=NOON)
    session = db.session()

    def numbers(limit=50, before=None, **wanted):
        rows, more = list_entries(session, program_id, Wanted(**wanted), before=before, limit=limit)
        return [row.sequence for row in rows], more

    assert numbers() == ([4, 3, 2, 1], None)
    assert numbers(actor_id=marta_id)[0] == [4, 2]
    assert numbers(actor="command", since=NOON - timedelta(days=1))[0] == [1]
    # The end of a period is not included.
    assert numbers(until=NOON)[0] == [4, 3, 2]
    first, more = numbers(limit=3)
    assert (first, numbers(before=more)[0]) == ([4, 3, 2], [1])
    assert count_entries(session, program_id, Wanted(actor_id=marta_id)) == 2
    assert people_in_log(session, program_id) == [(marta_id, "Marta Voss")]
    with pytest.raises(UnknownCursorError):
        numbers(before=new_id())
    checked = check_log(session, program_id)
    assert (checked.entries, checked.breaches) == (4, ())
    assert checked.last_hash == list_entries(session, program_id, Wanted())[0][0].hash


def test_names_are_those_of_today_and_of_the_program_alone():
    with write_transaction() as session:
        program = factories.program(session)
        ada = factories.person(session, name="Ada Okafor")
        money.publish(session, name="Before")
        money.publish(session, name="Today", settings={"percent": "10"}, now=money.LIVE + timedelta(days=1))
        bob, _referral = join(session, CameBy(typed=factories.link_of(session, ada)))
        money.buy(session, bob, "50 USD", at=NOON)
        other = factories.other_program(session)
        create_key(session, other, name="theirs", scope="read", secret="x", now=NOON)
        reward_id = list_rewards(session, program.id)[0][0].id
        key = create_key(session, program, name="shop", scope="read", secret="y", by=ada.id, now=NOON)
        record_act(session, program.id, "reward_held", subject="reward", subject_id=reward_id, by=new_id(), now=NOON)
        program_id, other_id, ada_id, key_id = program.id, other.id, ada.id, key.id
    session = db.session()
    entries = list_entries(session, program_id, Wanted())[0]
    names = names_of(session, program_id, entries)
    assert names.people == {ada_id: "Ada Okafor"}
    assert [(found, key.name, key.revoked) for found, key in names.keys.items()] == [(key_id, "shop", False)]
    assert list(names.rules.values()) == ["Today"]
    assert [(str(reward.worth.amount), reward.beneficiary_name) for reward in names.rewards.values()] == [
        ("5.00 USD", "Ada Okafor")
    ]
    assert names_of(session, other_id, entries).people == {}
