"""What tells in clicks of somebody who is erased: of their own browsers, and of those who opened their links."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from webapp.domain.counts import Campaign, campaign_of
from webapp.ids import new_id
from webapp.models import Model, User
from webapp.transactions import connection_of

_T = Model.metadata.tables
_UTM = ("utm_source", "utm_medium", "utm_campaign")
_NO_CAMPAIGN = dict.fromkeys(_UTM)
_HOSTS = ("source_host", "sources")
_AT_ONCE = 500


def forget_clicks_of(session: Session, person: User) -> None:
    """Let clicks tell neither the person's browsers nor their pages, and nothing be counted under their own campaigns.

    How often a link was opened, and by how many, stays.
    """
    connection = connection_of(session)
    visitors = _visitors_of(session, person)
    links = [
        row[0] for row in connection.execute(select(_T["links"].c.id).where(_T["links"].c.referrer_id == person.id))
    ]
    _forget_campaigns(session, person, visitors, links)
    clicks = _T["clicks"]
    told = (clicks.c.link_id.in_(links), clicks.c.source_host.is_not(None))
    connection.execute(update(clicks).where(*told).values(source_host=None))
    bare = ("source_host", "browser", "device", "country", "address_hash", "network_hash")
    for visitor_id in visitors:
        values = {**dict.fromkeys(bare), "visitor_id": new_id()}
        connection.execute(update(clicks).where(clicks.c.visitor_id == visitor_id).values(values))
    decisions, touches = _T["attribution_decisions"], _T["attribution_touches"]
    theirs = decisions.c.friend_id == person.id
    connection.execute(update(decisions).where(theirs).values(visitor_id=None))
    connection.execute(
        update(touches).where(touches.c.decision_id.in_(select(decisions.c.id).where(theirs))).values(click_id=None)
    )
    _forget_hosts(session, person)


def _visitors_of(session: Session, person: User) -> list[UUID]:
    """Return the person's browsers; one that was somebody else's too stays theirs."""
    connection = connection_of(session)
    decisions, touches, clicks, sightings = (
        _T[name] for name in ("attribution_decisions", "attribution_touches", "clicks", "sightings")
    )
    clicked = (
        select(clicks.c.visitor_id)
        .join(touches, touches.c.click_id == clicks.c.id)
        .join(decisions, decisions.c.id == touches.c.decision_id)
        .where(decisions.c.friend_id == person.id)
    )
    signed_up = select(decisions.c.visitor_id).where(decisions.c.friend_id == person.id)
    seen = select(sightings.c.visitor_id).where(sightings.c.user_id == person.id)
    found = {row[0] for query in (clicked, signed_up, seen) for row in connection.execute(query) if row[0]}
    others = {
        row[0]
        for query in (
            select(decisions.c.visitor_id).where(decisions.c.visitor_id.in_(found), decisions.c.friend_id != person.id),
            select(sightings.c.visitor_id).where(sightings.c.visitor_id.in_(found), sightings.c.user_id != person.id),
        )
        for row in connection.execute(query)
    }
    return sorted(found - others)


def _forget_campaigns(session: Session, person: User, visitors: list[UUID], links: list[UUID]) -> None:
    """Forget campaigns that nobody else's clicks and friends came with: somebody may have named them after themselves.

    Those that others had too are campaigns of the program.
    """
    connection = connection_of(session)
    clicks, referrals, days = (_T[name] for name in ("clicks", "referrals", "campaign_days"))
    clicked = _by_campaign(
        session, clicks, or_(clicks.c.visitor_id.in_(visitors), clicks.c.link_id.in_(links)), clicks.c.id
    )
    joined = _by_campaign(
        session,
        referrals,
        or_(referrals.c.friend_id == person.id, referrals.c.referrer_id == person.id),
        referrals.c.id,
    )
    counted = _days_by_campaign(session, person, {*clicked, *joined})
    # Somebody may have come with thousands of them: each table is read once, whatever their number.
    own = {
        campaign
        for campaign, rows in counted.items()
        if (sum(row.clicks for row in rows), sum(row.signups for row in rows))
        == (len(clicked.get(campaign, ())), len(joined.get(campaign, ())))
    }
    for table, ids in ((clicks, clicked), (referrals, joined)):
        of = [id_ for campaign in sorted(own) for id_ in ids.get(campaign, ())]
        for start in range(0, len(of), _AT_ONCE):
            some = table.c.id.in_(of[start : start + _AT_ONCE])
            connection.execute(update(table).where(some).values(_NO_CAMPAIGN))
    over = [{"on": row.day, **_named(campaign)} for campaign in sorted(own) for row in counted[campaign]]
    if over:
        same = (days.c[name] == bindparam(f"of_{name}") for name in _UTM)
        of_program = (days.c.program_id == person.program_id, days.c.day == bindparam("on"))
        connection.execute(delete(days).where(*of_program, *same), over)


def _named(campaign: Campaign) -> dict[str, str]:
    return {f"of_{name}": value for name, value in zip(_UTM, campaign, strict=True)}


def _by_campaign(
    session: Session, table: Table, own: ColumnElement[bool], id_: ColumnElement[Any]
) -> dict[Campaign, list[Any]]:
    """Return the ids of somebody's own rows by the campaign that is told there."""
    columns = [table.c[name] for name in _UTM]
    told = or_(*(column.is_not(None) for column in columns))
    found: dict[Campaign, list[Any]] = {}
    for row_id, *utm in connection_of(session).execute(select(id_, *columns).where(own, told)):
        if campaign := campaign_of(*utm):
            found.setdefault(campaign, []).append(row_id)
    return found


def _days_by_campaign(session: Session, person: User, campaigns: set[Campaign]) -> dict[Campaign, list[Any]]:
    """Return what is counted of campaigns in the person's program, by the day."""
    if not campaigns:
        return {}
    days = _T["campaign_days"].c
    columns = [days[name] for name in (*_UTM, "day", "clicks", "signups")]
    found: dict[Campaign, list[Any]] = {campaign: [] for campaign in campaigns}
    for row in connection_of(session).execute(select(*columns).where(days.program_id == person.program_id)):
        campaign = (row.utm_source, row.utm_medium, row.utm_campaign)
        if campaign in campaigns:
            found[campaign].append(row)
    return found


def _forget_hosts(session: Session, person: User) -> None:
    """Take from the looks at the person, and at their friends, which pages they came from."""
    connection, screenings = connection_of(session), _T["screenings"]
    about = or_(screenings.c.friend_id == person.id, screenings.c.referrer_id == person.id)
    rows = connection.execute(
        select(screenings.c.id, screenings.c.evidence).where(about, screenings.c.evidence.is_not(None))
    ).all()
    for id_, evidence in rows:
        if any(name in evidence for name in _HOSTS):
            rest = {name: value for name, value in evidence.items() if name not in _HOSTS}
            connection.execute(update(screenings).where(screenings.c.id == id_).values(evidence=rest))
