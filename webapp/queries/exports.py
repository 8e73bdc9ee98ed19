"""All that is kept of one person, for that person: nothing of anybody else but what they may see of their friends."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from webapp.domain.names import masked_name
from webapp.models import Model, User

_T = Model.metadata.tables
# What a value of a table is written as: JSON and spreadsheets know no others.
Plain = str | int | bool | dict[str, Any] | list[Any] | None
Row = Mapping[str, Plain]
Tables = dict[str, list[Row]]


def everything_about(session: Session, person: User) -> Tables:
    """Return what is kept of somebody as tables, always in the same order."""
    return {name: list(map(_plain, read(session, person))) for name, read in _TABLES.items()}


def without_reports(tables: Tables) -> Tables:
    """Return the same without what the business told of the person, for whom it may not be about."""
    account: list[Row] = [{**row, "external_id": None} for row in tables["account"]]
    return {**tables, **{name: [] for name in _REPORTED}, "account": account}


def _account(_session: Session, person: User) -> Iterable[Mapping[str, Any]]:
    columns = (
        *("id", "name", "email", "email_verified_at", "role", "language", "external_id", "created_at"),
        *("second_factor_since", "muted_mails"),
    )
    yield {
        **{name: getattr(person, name) for name in columns},
        "has_password": person.password_hash is not None,
        "came_through_a_friend": person.referred_by is not None,
    }


def _of(table_name: str, owner: str, *columns: str, order: str = "id") -> Callable[..., Iterable[Mapping[str, Any]]]:
    """Return what reads columns of the rows of a table that are the person's."""
    table = _T[table_name].c

    def read(session: Session, person: User) -> Iterable[Mapping[str, Any]]:
        query = select(*(table[name] for name in columns)).where(table[owner] == person.id)
        return _rows(session, query.order_by(*(table[name] for name in order.split())))

    return read


def _signup(session: Session, person: User) -> Iterable[Mapping[str, Any]]:
    decisions = _T["attribution_decisions"].c
    columns = [decisions[name] for name in ("signed_up_at", "reason", "model", "window_days", "known_since")]
    return _rows(session, select(*columns).where(decisions.friend_id == person.id).order_by(decisions.id))


def _touches(session: Session, person: User) -> Iterable[Mapping[str, Any]]:
    decisions, touches = _T["attribution_decisions"], _T["attribution_touches"]
    query = (
        select(touches.c.kind, touches.c.touched_at, touches.c.outcome)
        .join(decisions, decisions.c.id == touches.c.decision_id)
        .where(decisions.c.friend_id == person.id)
        .order_by(touches.c.decision_id, touches.c.position)
    )
    return _rows(session, query)


def _clicks(session: Session, person: User) -> Iterable[Mapping[str, Any]]:
    """Return the clicks of the browser that signed up, on whosever links."""
    decisions, clicks = _T["attribution_decisions"].c, _T["clicks"].c
    browsers = select(decisions.visitor_id).where(decisions.friend_id == person.id, decisions.visitor_id.is_not(None))
    names = (
        *("clicked_at", "source_host", "utm_source", "utm_medium", "utm_campaign", "browser", "device", "country"),
    )
    query = select(*(clicks[name] for name in names)).where(clicks.visitor_id.in_(browsers))
    return _rows(session, query.order_by(clicks.clicked_at, clicks.id))


def _coupon_codes(session: Session, person: User) -> Iterable[Mapping[str, Any]]:
    coupons, links = _T["coupon_codes"], _T["links"]
    query = select(coupons.c.code, coupons.c.created_at, coupons.c.retired_at).join(
        links, links.c.id == coupons.c.link_id
    )
    return _rows(session, query.where(links.c.referrer_id == person.id).order_by(coupons.c.id))


def _link_days(session: Session, person: User) -> Iterable[Mapping[str, Any]]:
    days, links = _T["link_days"], _T["links"]
    counts = [days.c[name] for name in ("clicks", "visitors", "signups", "purchases")]
    query = select(links.c.code, days.c.day, *counts).join(links, links.c.id == days.c.link_id)
    return _rows(session, query.where(days.c.referrer_id == person.id).order_by(days.c.day, links.c.id))


def _friends(session: Session, person: User) -> Iterable[Mapping[str, Any]]:
    """Return friends as the person's own pages show them."""
    referrals, users = _T["referrals"], _T["users"]
    query = (
        select(users.c.name, referrals.c.created_at, referrals.c.method)
        .join(users, users.c.id == referrals.c.friend_id)
        .where(referrals.c.referrer_id == person.id)
        .order_by(referrals.c.id)
    )
    for row in _rows(session, query):
        yield {"name": masked_name(row["name"]), "signed_up_at": row["created_at"], "method": row["method"]}


def _refunds(session: Session, person: User) -> Iterable[Mapping[str, Any]]:
    refunds, conversions = _T["refunds"], _T["conversions"]
    names = ("kind", "event_id", "order_id", "conversion_event_id", "applied_minor", "restored_minor", "occurred_at")
    query = select(*(refunds.c[name] for name in names), conversions.c.currency).join(
        conversions, conversions.c.id == refunds.c.conversion_id
    )
    return _rows(session, query.where(conversions.c.user_id == person.id).order_by(refunds.c.id))


def _rewards(session: Session, person: User) -> Iterable[Mapping[str, Any]]:
    """Return rewards with what they are for; of a friend's order neither its amount nor its number."""
    rewards, conversions, rules, events = (
        _T[name] for name in ("rewards", "conversions", "reward_rules", "reward_events")
    )
    taken = select(func.coalesce(func.sum(events.c.taken_minor), 0)).where(events.c.reward_id == rewards.c.id)
    names = ("id", "side", "kind", "amount_minor", "currency", "status", "granted_at", "matures_at")
    query = (
        select(
            *(rewards.c[name] for name in names),
            taken.correlate(rewards).scalar_subquery().label("taken_back_minor"),
            rules.c.key.label("rule"),
            conversions.c.type.label("for_type"),
            conversions.c.occurred_at.label("for_what_happened_at"),
        )
        .join(conversions, conversions.c.id == rewards.c.conversion_id)
        .join(rules, rules.c.id == rewards.c.rule_id)
        .where(rewards.c.beneficiary_id == person.id)
        .order_by(rewards.c.id)
    )
    return [{**row, "taken_back_minor": int(row["taken_back_minor"])} for row in _rows(session, query)]


def _reward_history(session: Session, person: User) -> Iterable[Mapping[str, Any]]:
    """Return what happened to rewards; who did it is a kind of actor and nobody's name."""
    events, rewards = _T["reward_events"], _T["rewards"]
    names = ("reward_id", "sequence", "status", "reason", "taken_minor", "taken_as", "actor", "at")
    query = select(*(events.c[name] for name in names)).join(rewards, rewards.c.id == events.c.reward_id)
    query = query.where(rewards.c.beneficiary_id == person.id)
    return _rows(session, query.order_by(events.c.reward_id, events.c.sequence))


def _coupons(session: Session, person: User) -> Iterable[Mapping[str, Any]]:
    coupons, rewards = _T["pool_coupons"], _T["rewards"]
    query = select(coupons.c.reward_id, coupons.c.code, coupons.c.handed_out_at).join(
        rewards, rewards.c.id == coupons.c.reward_id
    )
    return _rows(session, query.where(rewards.c.beneficiary_id == person.id).order_by(coupons.c.id))


def _ledger(session: Session, person: User) -> Iterable[Mapping[str, Any]]:
    entries, transactions = _T["ledger_entries"], _T["ledger_transactions"]
    names = ("account", "kind", "amount_minor", "currency")
    query = select(transactions.c.at, transactions.c.reward_id, *(entries.c[name] for name in names)).join(
        transactions, transactions.c.id == entries.c.transaction_id
    )
    query = query.where(entries.c.user_id == person.id)
    return _rows(session, query.order_by(transactions.c.id, entries.c.position))


def _checks(session: Session, person: User) -> Iterable[Mapping[str, Any]]:
    """Return when the person's own signup was looked at, and of what kind the question was, as they may read it."""
    screenings = _T["screenings"].c
    query = select(screenings.screened_at, screenings.category).where(screenings.friend_id == person.id)
    return _rows(session, query.order_by(screenings.sequence))


def _rows(session: Session, query: Select[Any]) -> list[Mapping[str, Any]]:
    return [dict(row) for row in session.execute(query).mappings()]


_REPORTED = ("events", "refunds", "coupons", "credit_spent")
_TABLES: Mapping[str, Callable[[Session, User], Iterable[Mapping[str, Any]]]] = {
    "account": _account,
    "signup": _signup,
    "touches": _touches,
    "clicks": _clicks,
    "links": _of("links", "referrer_id", "code", "label", "destination_url", "created_at", "retired_at"),
    "coupon_codes": _coupon_codes,
    "link_days": _link_days,
    "friends": _friends,
    "events": _of(
        *("conversions", "user_id", "event_id", "type", "order_id", "amount_minor", "currency", "details"),
        *("occurred_at", "recorded_at"),
        order="occurred_at id",
    ),
    "refunds": _refunds,
    "rewards": _rewards,
    "reward_history": _reward_history,
    "coupons": _coupons,
    "credit_spent": _of("redemptions", "user_id", "event_id", "amount_minor", "currency", "occurred_at"),
    "ledger": _ledger,
    "appeals": _of("appeals", "user_id", "text", "appealed_at"),
    "checks": _checks,
    "stops": _of("bans", "user_id", "is_banned", "decided_at", order="sequence"),
    "sign_ins": _of("user_sessions", "user_id", "browser", "device", "created_at", "expires_at", "ended_at"),
    "seen": _of("sightings", "user_id", "seen_at", "is_signup", "browser", "device"),
    "mails": _of("outbox_mails", "user_id", "template", "created_at", "sent_at"),
    "former_mailboxes": _of("former_mailboxes", "user_id", "mailbox_key", "left_at"),
    "mailed_links": _of("mailed_links", "user_id", "purpose", "email", "created_at", "expires_at", "used_at"),
    "sign_in_links": _of("sign_in_links", "user_id", "created_at", "expires_at", "used_at"),
    "acts": _of("audit_entries", "actor_id", "at", "action", "subject", order="sequence"),
}


def _plain(row: Mapping[str, Any]) -> Row:
    return {name: _plain_value(value) for name, value in row.items()}


def _plain_value(value: Any) -> Plain:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
