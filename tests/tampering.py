"""What somebody writes past the services, for tests of what finds it."""

from contextlib import contextmanager

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.orm import Session

from tests.made_once import write_statements_once
from webapp.database import WRITING, writing_engine
from webapp.queries.ledger import breaches


def breaches_after(names, *statements):
    """Write past the services, the triggers and the foreign keys. Returns what `breaches` names, and takes it back."""
    engine = writing_engine()
    if engine.dialect.name == "sqlite":
        # Connections of the application look after foreign keys.
        engine = create_engine(engine.url, poolclass=NullPool)
        write_statements_once([engine])
    with engine.connect().execution_options(**WRITING) as connection:
        with past_the_rules(connection):
            for statement in statements:
                connection.execute(statement)
        found = list(breaches(Session(connection)))
        connection.rollback()
    return [called(line, names) for line in found]


@contextmanager
def past_the_rules(connection):
    """Let a block write without triggers. Tables that are there after it have theirs again."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield
        connection.execute(text("SET LOCAL session_replication_role = origin"))
        return
    made = text("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
    triggers = connection.execute(made).all()
    for name, _table, _statement in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    tables = set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")))
    for _name, table, statement in triggers:
        if table in tables:
            connection.exec_driver_sql(statement)


def called(line, names):
    for row_id, name in names.items():
        line = line.replace(row_id, name)
    return line
