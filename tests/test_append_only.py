"""Tables of which the database itself refuses to change or delete a row, whoever asks."""

from contextlib import contextmanager

import pytest
from sqlalchemy import NullPool, UniqueConstraint, create_engine, delete, func, inspect, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError

from tests.factories import NOON, join, link_of, program
from tests.money import TEN_DOLLARS, ada_and_bob, buy, publish
from tests.suspicion import suspect
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.domain.quotes import Quote
from webapp.extensions import db
from webapp.models import Model, Reward, User, append_only
from webapp.services.bans import ban
from webapp.services.quotes import add_quote
from webapp.services.redemptions import redeem_credit
from webapp.services.referral_changes import Wanted, change_referral
from webapp.services.reward_steps import SYSTEM
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")

MODELS = {mapper.class_.__tablename__: mapper.class_ for mapper in Model.registry.mappers}
ONLY_SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
ONLY_POSTGRESQL = pytest.mark.parametrize(
    "databases", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)
EVERY_TABLE = pytest.mark.parametrize("table", append_only.TABLES)


@pytest.fixture
def beginning():
    return rows


def rows():
    """Something in every table."""
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        buy(session, bob)
        wanted = Wanted("remove", None, 0, "other", bob.id)
        change_referral(session, program(session), bob, wanted, now=NOON)
        add_quote(session, program(session).id, Quote("EUR", "USD", "1.0842", NOON), by=bob.id, now=NOON)
        publish(session, **{**TEN_DOLLARS, "key": "welcome", "trigger": "signup", "reward": "credit", "hold_days": 0})
        join(session, CameBy(typed=link_of(session, ada)), email="cara@example.org")
        suspect(session, "disposable_mail")
        dan = join(session, CameBy(typed=link_of(session, ada)), email="dan@mailinator.com")[0]
        ban(session, program(session).id, dan.id, reason="terms", by=bob.id, now=NOON)
        spent = {"event_id": "spent_1", "occurred_at": NOON, "actor": SYSTEM, "now": NOON}
        redeem_credit(session, program(session).id, ada.id, Money(100, "USD"), **spent)


@contextmanager
def refused(table):
    """Expect the database to refuse what is done, by the name of the table, and to hold what it held before."""
    before = contents(table)
    assert before
    with pytest.raises(DBAPIError, match=f"{table} is append-only"):
        yield
    assert contents(table) == before


def contents(table):
    found = db.session.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2")).all()
    db.session.rollback()
    return found


def columns_of(table):
    return [column.name for column in MODELS[table].__table__.columns]


def raw(statement):
    """Run SQL on a connection of which the application knows nothing."""
    with create_engine(db.engine.url, poolclass=NullPool).begin() as connection:
        connection.execute(text(statement))


@EVERY_TABLE
def test_a_row_cannot_be_changed(table):
    for column in columns_of(table):
        with refused(table):
            raw(f"UPDATE {table} SET {column} = {column}")


@EVERY_TABLE
def test_a_row_cannot_be_deleted(table):
    with refused(table):
        raw(f"DELETE FROM {table}")


@EVERY_TABLE
def test_the_application_itself_can_neither_change_nor_delete_one(table):
    model = MODELS[table]
    first = model.__table__.primary_key.columns[0]
    for statement in (update(model).values({first.name: first}), delete(model)):
        with refused(table), write_transaction() as session:
            session.execute(statement)


@EVERY_TABLE
def test_an_insert_cannot_turn_into_an_update(table):
    model = MODELS[table].__table__
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    row = dict(db.session.execute(select(model).limit(1)).mappings().one())
    key, *_rest = keys = list(model.primary_key.columns)
    upsert = (
        dialect.insert(model).values(row).on_conflict_do_update(index_elements=keys, set_={key.name: row[key.name]})
    )
    with refused(table), write_transaction() as session:
        session.execute(upsert)


def keys_of(table):
    """Return what makes a row of a table unique: lists of columns."""
    model = MODELS[table].__table__
    unique = [one for one in model.constraints if isinstance(one, UniqueConstraint)]
    return [[column.name for column in key.columns] for key in (model.primary_key, *unique)]


KEYS = [
    pytest.param(table, key, id=f"{table} by {' and '.join(key)}")
    for table in append_only.TABLES
    for key in keys_of(table)
]


@ONLY_SQLITE
@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE"])
@pytest.mark.parametrize(("table", "key"), KEYS)
def test_a_row_cannot_be_replaced_by_any_of_its_keys(table, key, verb):
    # Whatever else is unique is different, so that this key alone is in the way.
    others = {name for other in keys_of(table) for name in other if name not in key}
    values = ["randomblob(16)" if name in others else name for name in columns_of(table)]
    with refused(table):
        raw(f"{verb} INTO {table} ({', '.join(columns_of(table))}) SELECT {', '.join(values)} FROM {table}")


@ONLY_SQLITE
@EVERY_TABLE
def test_a_row_cannot_be_replaced_by_its_place_in_the_file(table):
    unique = {name for key in keys_of(table) for name in key}
    columns = ", ".join(columns_of(table))
    values = ", ".join("randomblob(16)" if name in unique else name for name in columns_of(table))
    with refused(table):
        raw(f"REPLACE INTO {table} (rowid, {columns}) SELECT rowid, {values} FROM {table}")


@ONLY_SQLITE
@EVERY_TABLE
def test_an_update_cannot_replace_either(table):
    with refused(table):
        raw(f"UPDATE OR REPLACE {table} SET rowid = rowid + 1")


@ONLY_POSTGRESQL
@pytest.mark.parametrize("how", ["", "CASCADE", "RESTART IDENTITY CASCADE"])
@EVERY_TABLE
def test_a_table_cannot_be_emptied(table, how):
    before = contents(table)
    # Without CASCADE a foreign key may be asked first.
    with pytest.raises(DBAPIError, match="is append-only" if how else r"is append-only|cannot truncate"):
        raw(f"TRUNCATE {table} {how}")
    assert contents(table) == before


@ONLY_POSTGRESQL
def test_a_table_cannot_be_emptied_with_another():
    with pytest.raises(DBAPIError, match="is append-only"):
        raw("TRUNCATE programs CASCADE")


@pytest.mark.parametrize("model", [Reward, User], ids=["reward", "person"])
def test_what_a_row_belongs_to_cannot_go_away_under_it(model):
    with pytest.raises(IntegrityError), write_transaction() as session:
        session.execute(delete(model))


def test_the_list_has_every_table_that_keeps_books():
    with db.engine.connect() as connection:
        assert append_only.protected_tables(connection) == set(append_only.TABLES)
        assert set(append_only.TABLES) <= set(inspect(connection).get_table_names())
    assert db.session.scalar(select(func.count()).select_from(Reward)) == 3
