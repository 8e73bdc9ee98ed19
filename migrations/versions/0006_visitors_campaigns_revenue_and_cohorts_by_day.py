"""Counts by day of visitors, campaigns, revenue, rewards by rule, and of who buys in which week.

What clicks and referrals keep for them is filled in here. The counts themselves
come from `rollups rebuild`, which is what knows how to count.
"""

from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from webapp.models.base import Id, Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MORE_COUNTS = ("visitors", "buyers", "repeat_buyers")
CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign")
AT_A_TIME = 5_000


def upgrade() -> None:
    for flag in ("new_today", "new_on_link"):
        op.add_column("clicks", sa.Column(flag, sa.Boolean, nullable=False, server_default=sa.false()))
    for field in CAMPAIGN:
        op.add_column("referrals", sa.Column(field, sa.Text))
    for table in ("link_days", "program_days"):
        for count in MORE_COUNTS:
            op.add_column(table, _count(count))
    op.create_index("ix_link_days_day", "link_days", ["day"])
    op.create_table(
        "campaign_days",
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        *(sa.Column(field, sa.Text, primary_key=True) for field in CAMPAIGN),
        *(_count(name) for name in ("clicks", "visitors", "signups", "purchases")),
    )
    op.create_table(
        "link_revenue_days",
        sa.Column("link_id", Id, sa.ForeignKey("links.id"), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("currency", sa.Text, primary_key=True),
        sa.Column("referrer_id", Id, sa.ForeignKey("users.id"), nullable=False),
        *(_count(name) for name in ("revenue_minor", "refunded_minor")),
    )
    op.create_index("ix_link_revenue_days_day", "link_revenue_days", ["day"])
    op.create_index("ix_link_revenue_days_referrer_id_day", "link_revenue_days", ["referrer_id", "day"])
    op.create_table(
        "program_revenue_days",
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("currency", sa.Text, primary_key=True),
        *(_count(name) for name in ("revenue_minor", "refunded_minor")),
    )
    op.create_table(
        "rule_days",
        sa.Column("rule_id", Id, sa.ForeignKey("reward_rules.id"), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("currency", sa.Text, primary_key=True),
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), nullable=False),
        *(_count(name) for name in ("rewards", "granted_minor", "withdrawn_minor")),
    )
    op.create_index("ix_rule_days_program_id_day", "rule_days", ["program_id", "day"])
    op.create_table(
        "cohort_weeks",
        sa.Column("program_id", Id, sa.ForeignKey("programs.id"), primary_key=True),
        sa.Column("week", sa.Date, primary_key=True),
        sa.Column("weeks_after", sa.BigInteger, primary_key=True, autoincrement=False),
        _count("buyers"),
    )
    _fill_referrals()
    _fill_clicks()


def _fill_referrals() -> None:
    """Give each referral the campaign of the click that was credited."""
    for field in CAMPAIGN:
        op.execute(
            f"UPDATE referrals SET {field} = (SELECT clicks.{field} FROM attribution_touches AS touch"
            " JOIN clicks ON clicks.id = touch.click_id"
            " WHERE touch.decision_id = referrals.decision_id AND touch.outcome = 'credited')"
        )


def _fill_clicks() -> None:
    """Mark the first click of each visitor on each day, in the program and through each link."""
    connection = op.get_bind()
    clicks = sa.table(
        "clicks",
        *(sa.column(name, Id) for name in ("id", "program_id", "link_id", "visitor_id")),
        sa.column("clicked_at", Moment),
        *(sa.column(flag, sa.Boolean) for flag in ("new_today", "new_on_link")),
    )
    programs = sa.table("programs", sa.column("id", Id), sa.column("time_zone", sa.Text))
    zones = {id_: ZoneInfo(name) for id_, name in connection.execute(sa.select(programs.c.id, programs.c.time_zone))}
    mark = (
        clicks.update()
        .where(clicks.c.id == sa.bindparam("click"))
        .values(new_today=sa.bindparam("first"), new_on_link=True)
    )
    order = (clicks.c.visitor_id, clicks.c.clicked_at, clicks.c.id)
    page = sa.select(*order, clicks.c.program_id, clicks.c.link_id).order_by(*order).limit(AT_A_TIME)
    # Page by page: what is being read is not written meanwhile.
    rows = connection.execute(page).all()
    visitor: UUID | None = None
    seen: set[tuple[object, ...]] = set()
    while rows:
        marks = []
        for visitor_id, at, id_, program_id, link_id in rows:
            if visitor_id != visitor:
                visitor, seen = visitor_id, set()
            day = at.astimezone(zones[program_id]).date()
            if (day, link_id) not in seen:
                marks.append({"click": id_, "first": (day, program_id) not in seen})
            seen |= {(day, link_id), (day, program_id)}
        if marks:
            connection.execute(mark, marks)
        last = (sa.literal(value, column.type) for value, column in zip(rows[-1], order, strict=False))
        rows = connection.execute(page.where(sa.tuple_(*order) > sa.tuple_(*last))).all()


def downgrade() -> None:
    for table in ("cohort_weeks", "rule_days", "program_revenue_days", "link_revenue_days", "campaign_days"):
        op.drop_table(table)
    op.drop_index("ix_link_days_day", "link_days")
    for table in ("program_days", "link_days"):
        for count in reversed(MORE_COUNTS):
            op.drop_column(table, count)
    for field in reversed(CAMPAIGN):
        op.drop_column("referrals", field)
    for flag in ("new_on_link", "new_today"):
        op.drop_column("clicks", flag)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
