"""Programs."""

from dataclasses import fields
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from webapp.domain.settings import FixedSetting, Settings
from webapp.models import Conversion, Program, ProgramDay, Reward

DEFAULT_SLUG = "default"
_DEFAULT = select(Program).where(Program.slug == DEFAULT_SLUG)


def default_program(session: Session) -> Program:
    """Return the program that `db upgrade` makes. Raises NoResultFound on a database that was not migrated."""
    return session.scalars(_DEFAULT).one()


def find_program(session: Session, slug: str) -> Program | None:
    """Return the program with this slug."""
    return session.scalars(select(Program).where(Program.slug == slug)).one_or_none()


def settings_of(program: Program) -> Settings:
    """Return the settings of a program as they are now."""
    return Settings(**{one.name: getattr(program, one.name) for one in fields(Settings)})


def fixed_settings(session: Session, program_id: UUID) -> frozenset[FixedSetting]:
    """Return which settings can no longer change.

    The currency, once an order has an amount or anything was granted: the figures of before are in it. The time zone,
    once anything was counted: the days of before were cut by it.
    """
    sold = select(Conversion.id).where(Conversion.program_id == program_id, Conversion.amount_minor.is_not(None))
    granted = select(Reward.id).where(Reward.program_id == program_id)
    counted = select(ProgramDay.day).where(ProgramDay.program_id == program_id)
    happened = select(Conversion.id).where(Conversion.program_id == program_id)
    has_money, has_days = session.execute(
        select(or_(sold.exists(), granted.exists()), or_(counted.exists(), happened.exists()))
    ).one()
    fixed: set[FixedSetting] = set()
    if has_money:
        fixed.add("currency")
    if has_days:
        fixed.add("time_zone")
    return frozenset(fixed)


def list_program_ids(session: Session) -> list[UUID]:
    """Return the ids of all programs, the oldest first."""
    return list(session.scalars(select(Program.id).order_by(Program.id)))
