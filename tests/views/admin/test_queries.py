"""What pages ask of the database does not grow with what they list."""

import pytest

from tests import factories
from tests.crowd import crowd
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.ids import new_id
from webapp.models import Link, User
from webapp.services.audit import record_act
from webapp.services.keys import create_key
from webapp.services.rows import append

MOST = 12
PAGES = (
    *("/admin/users", "/admin/keys", "/admin/audit", "/admin/audit?check=1", "/admin/settings"),
    *("/admin/integration", "/admin/settings/quotes"),
)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("rows", [10, 1_000])
def test_no_list_asks_more_with_more_rows(app, marta, statements, rows):
    with app.app_context(), write_transaction() as session:
        program = factories.program(session)
        ada = factories.person(session)
        for number in range(rows):
            create_key(session, program, name=str(number), scope="read", secret=str(number), by=marta.user_id, now=NOON)
        record_act(session, program.id, "role_changed", subject="user", subject_id=ada.id, by=ada.id, now=NOON)
        people = [
            {
                "id": new_id(),
                "program_id": program.id,
                "name": f"Person {number}",
                "email": f"{number}@example.net",
                "email_key": f"{number}@example.net",
                "mailbox_key": f"{number}@example.net",
                "role": "referrer",
                "muted_mails": {},
                "created_at": NOON,
            }
            for number in range(rows)
        ]
        append(session, type(ada), people)
        append(
            session,
            Link,
            [
                {
                    "id": new_id(),
                    "program_id": program.id,
                    "referrer_id": ada.id,
                    "code": f"C{number}",
                    "code_key": f"C{number}",
                    "created_at": NOON,
                }
                for number in range(rows)
            ],
        )
        ada_id = ada.id
    for path in (*PAGES, f"/admin/users/{ada_id}", f"/admin/users/{ada_id}/role"):
        statements.clear()
        assert marta.get(path).status_code == 200
        assert len([one for one in statements if not one.startswith("BEGIN")]) <= MOST, (path, statements)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_day_s_work_asks_no_more_of_a_thousand_rewards_than_of_ten(app, work, statements):
    lists = (
        "/admin",
        "/admin/referrals",
        "/admin/conversions",
        "/admin/rewards",
        "/admin/rewards?status=pending",
        "/admin/ledger",
        "/admin/fraud",
    )
    one = (
        f"/admin/fraud/{work.ada}/orders",
        f"/admin/fraud/{work.ada}/person",
        f"/admin/fraud/decision?choice=reject&case={work.ada}:orders",
        *(f"/admin/users/{work.ada}/ban", f"/admin/users/{work.ada}/ban/end"),
        f"/admin/rewards/{work.held}",
        f"/admin/conversions/{work.conversion}",
        f"/admin/rewards/{work.reward}",
        f"/admin/referrals/{work.referral}",
        f"/admin/users/{work.ada}/statements/2026-11",
        "/admin/ledger?account=pending&currency=USD&as_of=2026-11-22",
        f"/admin/ledger?person={work.ada}&as_of=2026-11-22T12:00",
    )
    asked = {}
    for rows in (10, 990):
        with app.app_context(), write_transaction() as session:
            crowd(session, session.get_one(User, work.ada), rows, tag=f"more{rows}")
        for path in (*lists, *one, "/admin/rules", "/admin/rules?as_of=2026-11-22"):
            statements.clear()
            work.page(path)
            asked.setdefault(path, []).append(len([one for one in statements if not one.startswith("BEGIN")]))
    assert {path: found for path, found in asked.items() if max(found) > MOST} == {}
    assert {path: found for path, found in asked.items() if found[0] != found[1]} == {}
