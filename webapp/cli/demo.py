"""`demo`: data to look at."""

import os
from datetime import UTC, date, datetime, timedelta
from datetime import time as day_time

import click
from flask import current_app
from flask.cli import AppGroup
from flask_migrate import upgrade

from webapp.clock import utc_now
from webapp.config import Config, kept_secret
from webapp.database import stands_at_head, write_transaction
from webapp.demo import DEMO_DOMAINS, PEOPLE, tell_story
from webapp.extensions import db
from webapp.passwords import LONGEST, SHORTEST, hash_password, verify_password
from webapp.queries.people import find_by_email, has_people
from webapp.queries.programs import default_program
from webapp.serving import serve

group = AppGroup("demo", help="Data to look at, never to be mixed with real people.")

DEFAULT_DAYS = 180
EARLIEST, LATEST = date(2001, 1, 1), date(2999, 12, 31)


@group.command("seed")
@click.option("--days", default=DEFAULT_DAYS, show_default=True, type=click.IntRange(1, 400))
@click.option("--seed", default=1, show_default=True, type=int, help="The same seed gives the same figures.")
@click.option("--until", help="Last day of the story, as in 2026-11-22; today by default.")
def seed_command(days: int, seed: int, until: str | None) -> None:
    """Fill an empty database with a program's history."""
    _seed(days=days, seed=seed, until=_end_of(until) if until else utc_now())


@group.command("run")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def run_command(host: str, port: int) -> None:
    """Migrate, seed the first time, print the sign-ins and serve."""
    if not stands_at_head():
        upgrade()
    if not has_people(db.session()):
        click.echo("Making demo data, about ten seconds …")
        _seed(days=DEFAULT_DAYS, seed=1, until=utc_now())
    _print_sign_ins(f"http://{host}:{port}")
    db.session.remove()
    serve(current_app._get_current_object(), host=host, port=port, workers=1, with_jobs=True)  # type: ignore[attr-defined]


def _seed(*, days: int, seed: int, until: datetime) -> None:
    if has_people(db.session(), outside=DEMO_DOMAINS):
        raise click.ClickException("This database has real people in it; demo data goes into an empty one only.")
    if has_people(db.session()):
        raise click.ClickException("This database has demo data already; start from an empty one to make it anew.")
    with write_transaction() as session:
        told = tell_story(session, default_program(session), days=days, seed=seed, until=until)
    click.echo(
        f"{told.people} people, {told.clicks} clicks, {told.referrals} referrals, {told.purchases} purchases"
        f" and {told.refunds} refunds in {days} days."
    )


def _print_sign_ins(address: str) -> None:
    password = _set_passwords()
    if password is None:
        return
    click.echo(f"\n  {address}/login    password: {password}\n")
    for person in PEOPLE:
        click.echo(f"  {person.role:<9} {person.email}")
    click.echo("", nl=True)


def _set_passwords() -> str | None:
    """Return the one password of the demo people, set for all of them. None when they are not there."""
    config: Config = current_app.extensions["grapevine_config"]
    password = os.environ.get("DEMO_PASSWORD") or kept_secret(config.instance / "demo-password", octets=9)
    if not SHORTEST <= len(password) <= LONGEST:
        raise click.ClickException(f"DEMO_PASSWORD must have {SHORTEST} to {LONGEST} characters.")
    people = [find_by_email(db.session(), person.email) for person in PEOPLE]
    if not all(people):
        return None
    if not all(verify_password(user.password_hash, password) for user in people if user):
        hashes = [hash_password(password) for _ in people]
        with write_transaction():
            for user, password_hash in zip(people, hashes, strict=True):
                if user:
                    user.password_hash = password_hash
    return password


def _end_of(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter("must be a day, as in 2026-11-22", param_hint="--until") from error
    if not EARLIEST <= day <= LATEST:
        raise click.BadParameter(f"must be a day from {EARLIEST} to {LATEST}", param_hint="--until")
    return datetime.combine(day, day_time.max, tzinfo=UTC) - timedelta(seconds=1)
