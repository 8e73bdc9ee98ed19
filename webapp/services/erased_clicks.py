"""What tells in clicks of somebody who is erased: of their own browsers, and of those who opened their links."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.domain.counts import Campaign, campaign_of
from webapp.ids import new_id
from webapp.models import Model, User
from webapp.transactions import connection_of

_T = Model.metadata.tables
_UTM = ("utm_source", "utm_medium", "utm_campaign")
_NO_CAMPAIGN = dict.fromkeys(_UTM)
_HOSTS = ("source_host", "sources")


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
    own_clicks = or_(clicks.c.visitor_id.in_(visitors), clicks.c.link_id.in_(links))
    own_friends = or_(referrals.c.friend_id == person.id, referrals.c.referrer_id == person.id)
    clicked = _by_campaign(session, clicks, own_clicks)
    joined = _by_campaign(session, referrals, own_friends)
    for campaign in sorted({*clicked, *joined}):
        of_program = days.c.program_id == person.program_id
        named = and_(of_program, *(days.c[name] == value for name, value in zip(_UTM, campaign, strict=True)))
        of_all = connection.execute(
            select(func.coalesce(func.sum(days.c.clicks), 0), func.coalesce(func.sum(days.c.signups), 0)).where(named)
        ).one()
        if tuple(map(int, of_all)) != (clicked.get(campaign, 0), joined.get(campaign, 0)):
            continue
        for table in (clicks, referrals):
            same = (func.coalesce(table.c[name], "") == value for name, value in zip(_UTM, campaign, strict=True))
            of = (table.c.program_id == person.program_id, *same)
            connection.execute(update(table).where(*of).values(_NO_CAMPAIGN))
        connection.execute(delete(days).where(named))


def _by_campaign(session: Session, table: object, own: ColumnElement[bool]) -> dict[Campaign, int]:
    columns = [table.c[name] for name in _UTM]  # type: ignore[attr-defined]
    told = or_(*(column.is_not(None) for column in columns))
    rows = connection_of(session).execute(select(*columns, func.count()).where(own, told).group_by(*columns))
    counted: dict[Campaign, int] = {}
    for *utm, count in rows:
        if campaign := campaign_of(*utm):
            counted[campaign] = counted.get(campaign, 0) + count
    return counted


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
