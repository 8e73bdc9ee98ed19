"""Rows for the tables of each migration, as they were at that revision; later_rows.py has the newer ones.

Written past the models, which know only the newest version.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from webapp.models.base import Id, Moment

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADA, BOB, LINK, DECISION = (UUID(int=number) for number in range(1, 5))


def insert(connection: sa.Connection, table: str, **values: Any) -> None:
    kinds: dict[type, sa.types.TypeEngine[Any]] = {UUID: Id(), datetime: Moment(), date: sa.Date()}
    columns = [sa.column(name, kinds.get(type(value))) for name, value in values.items()]
    connection.execute(sa.table(table, *columns).insert().values(**values))


def program_of(connection: sa.Connection) -> UUID:
    return only(connection, "programs")


def only(connection: sa.Connection, table: str) -> UUID:
    """Return the id of the first row of a table."""
    id_ = sa.column("id", Id())
    return connection.execute(sa.select(id_).select_from(sa.table(table, id_)).order_by(id_).limit(1)).scalar_one()


def _people_links_and_referrals(connection: sa.Connection) -> None:
    program = program_of(connection)
    for number, person in enumerate((ADA, BOB)):
        email = f"person{number}@example.com"
        insert(
            connection,
            "users",
            id=person,
            program_id=program,
            name=f"Person {number}",
            email=email,
            email_key=email,
            mailbox_key=email,
            role="referrer",
            created_at=NOON,
        )
    insert(
        connection,
        "user_sessions",
        id=UUID(int=10),
        user_id=ADA,
        token_hash="0" * 64,
        created_at=NOON,
        expires_at=NOON,
    )
    insert(
        connection,
        "links",
        id=LINK,
        program_id=program,
        referrer_id=ADA,
        code="ABC",
        code_key="ABC",
        created_at=NOON,
    )
    insert(
        connection,
        "attribution_decisions",
        id=DECISION,
        program_id=program,
        friend_id=BOB,
        signed_up_at=NOON,
        model="last",
        window_days=60,
        reason="credited",
    )
    insert(
        connection,
        "attribution_touches",
        id=UUID(int=11),
        decision_id=DECISION,
        position=0,
        kind="page",
        link_id=LINK,
        referrer_id=ADA,
        touched_at=NOON,
        same_mailbox=False,
        outcome="credited",
    )
    insert(
        connection,
        "referrals",
        id=UUID(int=12),
        program_id=program,
        referrer_id=ADA,
        friend_id=BOB,
        link_id=LINK,
        method="link",
        decision_id=DECISION,
        created_at=NOON,
    )
    users = sa.table("users", sa.column("id", Id()), sa.column("referred_by", Id()))
    connection.execute(sa.update(users).where(users.c.id == BOB).values(referred_by=ADA))


def _clicks_and_roll_ups(connection: sa.Connection) -> None:
    program = program_of(connection)
    insert(
        connection,
        "clicks",
        id=UUID(int=13),
        program_id=program,
        link_id=LINK,
        visitor_id=UUID(int=14),
        clicked_at=NOON,
    )
    day = {"day": NOON.date(), "clicks": 1, "signups": 1}
    insert(connection, "link_days", link_id=LINK, referrer_id=ADA, **day)
    insert(connection, "program_days", program_id=program, **day)


def _outbox_and_job_leases(connection: sa.Connection) -> None:
    insert(
        connection,
        "outbox_mails",
        id=UUID(int=15),
        user_id=ADA,
        template="welcome",
        dedupe_key="welcome",
        created_at=NOON,
        due_at=NOON,
        tries=0,
    )
    insert(connection, "job_leases", name="jobs", holder="somebody", held_until=NOON)


def _conversions_rules_rewards_and_the_ledger(connection: sa.Connection) -> None:
    program = program_of(connection)
    ids = {name: UUID(int=number) for number, name in enumerate(("rule", "version", "conversion", "reward", "tx"), 20)}
    about = {"program_id": program}
    insert(
        connection, "api_keys", id=UUID(int=30), name="shop", key_hash="0" * 64, scope="write", created_at=NOON, **about
    )
    answer = {"operation": "conversion", "subject": "evt_1", "content_hash": "0" * 64, "body": "{}", "created_at": NOON}
    insert(connection, "api_answers", **about, **answer)
    insert(
        connection,
        "sign_in_links",
        id=UUID(int=31),
        user_id=ADA,
        token_hash="0" * 64,
        created_at=NOON,
        expires_at=NOON,
    )
    insert(connection, "reward_rules", id=ids["rule"], key="ten", created_at=NOON, **about)
    insert(
        connection,
        "reward_rule_versions",
        id=ids["version"],
        rule_id=ids["rule"],
        number=1,
        state="live",
        definition="{}",
        live_from=NOON,
        note="The first one",
        published_at=NOON,
        **about,
    )
    purchase = {"event_id": "evt_1", "type": "purchase", "user_id": BOB, "amount_minor": 4999, "currency": "USD"}
    when = {"occurred_at": NOON, "recorded_at": NOON}
    insert(connection, "conversions", id=ids["conversion"], order_id="o_1", **purchase, **when, **about)
    insert(
        connection,
        "refunds",
        id=UUID(int=32),
        event_id="ref_1",
        order_id="o_1",
        conversion_id=ids["conversion"],
        applied_minor=100,
        **when,
        **about,
    )
    insert(
        connection,
        "reward_decisions",
        conversion_id=ids["conversion"],
        sequence=1,
        rule_version_id=ids["version"],
        side="referrer",
        beneficiary_id=ADA,
        code="earned",
        facts="{}",
        because="[]",
        amount_minor=1000,
        currency="USD",
        decided_at=NOON,
    )
    insert(
        connection,
        "rewards",
        id=ids["reward"],
        conversion_id=ids["conversion"],
        rule_id=ids["rule"],
        rule_version_id=ids["version"],
        beneficiary_id=ADA,
        side="referrer",
        kind="cash",
        amount_minor=1000,
        currency="USD",
        status="pending",
        sequence=1,
        matures_at=NOON,
        granted_at=NOON,
        **about,
    )
    history = {"reward_id": ids["reward"], "sequence": 1, "status": "pending", "reason": "granted", "taken_minor": 0}
    insert(connection, "reward_events", actor="system", at=NOON, **history)
    insert(
        connection, "ledger_transactions", id=ids["tx"], reward_id=ids["reward"], reward_sequence=1, at=NOON, **about
    )
    for position, (account, amount) in enumerate((("expense", -1000), ("pending", 1000)), 1):
        entry = {"user_id": ADA, "account": account, "currency": "USD", "amount_minor": amount}
        insert(connection, "ledger_entries", transaction_id=ids["tx"], position=position, **entry, **about)


def _paused_rules_labels_languages_and_the_audit_log(connection: sa.Connection) -> None:
    ids = {"reward": only(connection, "rewards"), "rule": only(connection, "reward_rules")}
    about = {"program_id": program_of(connection)}
    insert(
        connection,
        "reward_rule_versions",
        id=UUID(int=50),
        rule_id=ids["rule"],
        number=2,
        state="paused",
        definition="{}",
        live_from=NOON,
        note="",
        published_at=NOON,
        **about,
    )
    insert(
        connection,
        "audit_entries",
        id=UUID(int=51),
        sequence=1,
        at=NOON,
        actor="command",
        action="rule_published",
        subject="rule",
        subject_id=ids["rule"],
        details="{}",
        hash="0",
        **about,
    )
    note = {"reward_id": ids["reward"], "sequence": 1, "text": "", "written_by": ADA, "written_at": NOON}
    insert(connection, "reward_notes", **note)


def _visitors_campaigns_revenue_and_cohorts_by_day(connection: sa.Connection) -> None:
    about = {"program_id": program_of(connection)}
    link, rule = only(connection, "links"), only(connection, "reward_rules")
    day, money = date(2026, 11, 22), {"currency": "USD"}
    campaign = {"utm_source": "", "utm_medium": "", "utm_campaign": "autumn"}
    insert(connection, "campaign_days", day=day, clicks=1, **campaign, **about)
    insert(connection, "link_revenue_days", link_id=link, day=day, referrer_id=ADA, revenue_minor=1, **money)
    insert(connection, "program_revenue_days", day=day, revenue_minor=1, **money, **about)
    insert(connection, "rule_days", rule_id=rule, day=day, rewards=1, granted_minor=1, **money, **about)
    insert(connection, "cohort_weeks", week=date(2026, 11, 16), weeks_after=0, buyers=1, **about)


def _held_rewards(connection: sa.Connection) -> None:
    versions = sa.table("reward_rule_versions", sa.column("id", Id()), sa.column("rule_id", Id()))
    version = connection.execute(sa.select(versions.c.id, versions.c.rule_id).order_by(versions.c.id).limit(1)).one()
    insert(
        connection,
        "rewards",
        id=UUID(int=70),
        program_id=program_of(connection),
        conversion_id=only(connection, "conversions"),
        rule_id=version.rule_id,
        rule_version_id=version.id,
        beneficiary_id=BOB,
        side="friend",
        kind="cash",
        amount_minor=500,
        currency="USD",
        status="held",
        sequence=1,
        matures_at=NOON,
        granted_at=NOON,
    )


def _what_is_kept_of_a_click(connection: sa.Connection) -> None:
    insert(connection, "address_salts", id=UUID(int=80), salt=b"salt", begins_at=NOON)
    connection.execute(sa.text("UPDATE programs SET consent_mode = 'required', sealed_before = '2026-01-01'"))


def _coupon_codes(connection: sa.Connection) -> None:
    coupon = {"code": "Ada-10", "code_key": "ADA-10", "created_at": NOON}
    insert(connection, "coupon_codes", id=UUID(int=90), program_id=program_of(connection), link_id=LINK, **coupon)
    insert(
        connection,
        "attribution_touches",
        id=UUID(int=91),
        decision_id=DECISION,
        position=1,
        kind="coupon_code",
        by_click_id=False,
        link_id=LINK,
        referrer_id=ADA,
        touched_at=NOON,
        same_mailbox=False,
        outcome="beaten_by_coupon_code",
    )


def _referrals_that_are_changed_by_people(connection: sa.Connection) -> None:
    about = {"friend_id": BOB, "sequence": 1}
    insert(
        connection,
        "referral_changes",
        program_id=program_of(connection),
        kind="remove",
        from_referrer_id=ADA,
        from_link_id=LINK,
        reason="other",
        by=ADA,
        at=NOON,
        **about,
    )
    insert(connection, "referral_change_notes", text="", written_by=ADA, written_at=NOON, **about)


def _friends_who_count_and_corrections(connection: sa.Connection) -> None:
    insert(
        connection,
        "qualified_friends",
        rule_id=only(connection, "reward_rules"),
        friend_id=BOB,
        referrer_id=ADA,
        conversion_id=only(connection, "conversions"),
        occurred_at=NOON,
        tie="evt_1",
    )


def _disputes_and_write_offs(connection: sa.Connection) -> None:
    insert(
        connection,
        "dispute_outcomes",
        id=UUID(int=92),
        program_id=program_of(connection),
        event_id="out_1",
        dispute_event_id="later",
        outcome="won",
        occurred_at=NOON,
        recorded_at=NOON,
    )


ROWS: dict[str, Callable[[sa.Connection], None]] = {
    "0001": _people_links_and_referrals,
    "0002": _clicks_and_roll_ups,
    "0003": _outbox_and_job_leases,
    "0004": _conversions_rules_rewards_and_the_ledger,
    "0005": _paused_rules_labels_languages_and_the_audit_log,
    "0006": _visitors_campaigns_revenue_and_cohorts_by_day,
    "0007": _held_rewards,
    "0008": _what_is_kept_of_a_click,
    "0009": _coupon_codes,
    "0010": _referrals_that_are_changed_by_people,
    "0011": _friends_who_count_and_corrections,
    "0012": _disputes_and_write_offs,
}
