"""`users`: people, from the command line."""

import secrets
import sys
from pathlib import Path
from uuid import UUID

import click
from flask.cli import AppGroup

from webapp.backups import BackupError
from webapp.backups.archive import written_whole
from webapp.clock import utc_now
from webapp.database import one_snapshot, write_down, write_transaction
from webapp.domain import names
from webapp.extensions import db
from webapp.forms.addresses import read_address
from webapp.mailed_links import draw_link
from webapp.models import User
from webapp.models.user import ROLES
from webapp.passwords import LONGEST, SHORTEST, PasswordProblem, hash_password, problem_with
from webapp.queries.erasures import left_by
from webapp.queries.exports import everything_about
from webapp.queries.people import find_by_email
from webapp.queries.programs import default_program
from webapp.services.audit import record_act
from webapp.services.erasure import (
    REASONS,
    LastAdminLeavesError,
    MoneyOpenError,
    PayoutUnderwayError,
    erase_person,
)
from webapp.services.invitations import INVITATION
from webapp.services.mail_limits import MailedTooOftenError
from webapp.services.people import EmailTakenError, open_account
from webapp.services.second_factor import turn_off
from webapp.services.ways_in import give_address
from webapp.signing import sealer
from webapp.views.exports import zip_of

group = AppGroup("users", help="People who may sign in.")

_LENGTH = f"The password must have {SHORTEST} to {LONGEST} characters."
_PROBLEMS: dict[PasswordProblem, str] = {
    "short": _LENGTH,
    "long": _LENGTH,
    "common": "The password is one that many people use, so it is tried first; choose another.",
    "own": "The password is made of the person's name or address, so it is tried first; choose another.",
}


@group.command("create")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def create(email: str, name: str, role: str, password_stdin: bool) -> None:
    """Make a verified person and print their id. Without a password nobody can sign in as them yet."""
    name = names.tidy_name(name)
    if names.problem_with(name):
        raise click.ClickException("--name must be the person's name, as in --name 'Ada Okafor'.")
    try:
        email = read_address(email)
    except ValueError as error:
        raise click.ClickException(f"EMAIL must be an e-mail address: {error}") from error
    password_hash = hash_password(_read_password(name, email)) if password_stdin else None
    try:
        with write_transaction() as session:
            user = open_account(
                session,
                default_program(session),
                name=name,
                email=email,
                password_hash=password_hash,
                role=role,
                verified=True,
                choose=secrets.choice,
                by=None,
                now=utc_now(),
            )
            user_id = user.id
    except EmailTakenError as error:
        raise click.ClickException("EMAIL has an account already; nothing was changed.") from error
    click.echo(str(user_id))


@group.command("second-factor-off")
@click.argument("email")
def second_factor_off(email: str) -> None:
    """Let a password be enough for somebody who lost their app and their recovery codes; they are told by mail."""
    with write_transaction() as session:
        user = find_by_email(session, email)
        if user is None:
            raise click.ClickException("EMAIL has no account; nothing was changed.")
        if not turn_off(session, user, by=None, now=utc_now()):
            raise click.ClickException("EMAIL has no second factor; nothing was changed.")
    click.echo("The second factor is off.")


@group.command("give-address")
@click.argument("who")
@click.argument("email")
def give_another_address(who: str, email: str) -> None:
    """Give the account of WHO (an e-mail address or an id) to whoever has the mailbox EMAIL.

    For somebody who gets no mail any more, or whose account was taken from them. The password is worth nothing from
    then on; a link to choose one goes to EMAIL, and the former address is told.
    """
    try:
        email = read_address(email)
    except ValueError as error:
        raise click.ClickException(f"EMAIL must be an e-mail address: {error}") from error
    person_id, (link_id, token) = _find(who), draw_link(INVITATION)
    try:
        with write_transaction() as session:
            person = session.get_one(User, person_id)
            give_address(session, person, email, link_id=link_id, token=token, by=None, now=utc_now())
    except EmailTakenError as error:
        raise click.ClickException("EMAIL has an account already; nothing was changed.") from error
    except MailedTooOftenError as error:
        raise click.ClickException("Three links went there within the hour; try again later.") from error
    click.echo("A link to choose a password goes there now.")


@group.command("export")
@click.argument("who")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
def export(who: str, file: Path) -> None:
    """Write all that is kept of a person (an e-mail address or an id) into a ZIP file, for that person alone.

    For people who ask for it and cannot sign in. The audit log keeps that it was done.
    """
    person_id, now = _find(who), utc_now()
    if file.exists():
        raise click.ClickException("FILE is there already; nothing was written.")
    try:
        # Whole, or not at all: a file that cannot be written leaves neither a part of it nor a word in the audit log.
        with written_whole(file, overwrite=False) as written:
            with one_snapshot() as session:
                tables = everything_about(session, session.get_one(User, person_id))
                program = default_program(session).name
            written.write(zip_of(tables, program=program, at=f"{now:%Y-%m-%d %H:%M} UTC"))
            written.flush()
            with write_transaction() as session:
                program_id = session.get_one(User, person_id).program_id
                about = {"subject": "user", "subject_id": person_id, "by": None}
                record_act(session, program_id, "person_exported", **about, now=now)
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Written to {file}. It is for {person_id} alone; keep no copy.")


@group.command("erase")
@click.argument("who")
@click.option("--reason", type=click.Choice(list(REASONS)), default="asked", show_default=True)
@click.option("--give-up", is_flag=True, help="Rewards that are not paid yet are given up.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
def erase(who: str, reason: str, give_up: bool, yes: bool) -> None:
    """Erase all that tells who a person (an e-mail address or an id) was. The books stay."""
    person_id = _find(who)
    left = left_by(db.session(), person_id)
    open_ = ", ".join(f"{one.count} × {one.form} {one.amount}" for one in left.open) or "none"
    click.echo(f"Rewards that are not paid yet: {open_}. Friends: {left.friends}. Links: {left.links}.")
    if not yes:
        click.confirm(f"Erase {person_id} for good?", abort=True)
    try:
        with write_transaction() as session:
            erased = erase_person(
                session,
                session.get_one(User, person_id),
                by=None,
                reason=reason,
                gives_up=give_up,
                sealer=sealer(),
                choose=secrets.choice,
                now=utc_now(),
            )
    except LastAdminLeavesError as error:
        raise click.ClickException("WHO is the only admin left; make somebody else an admin first.") from error
    except PayoutUnderwayError as error:
        raise click.ClickException("A payout to WHO is on its way; wait until it has arrived.") from error
    except MoneyOpenError as error:
        raise click.ClickException("Rewards are not paid yet: pay them, or add --give-up.") from error
    write_down()
    click.echo(f"Erased {person_id}; {erased.rewards} rewards were given up.")


def _find(who: str) -> UUID:
    session = db.session()
    person = find_by_email(session, who)
    if person is None:
        try:
            person = session.get(User, UUID(who))
        except ValueError:
            person = None
    if person is None or person.erased_at is not None:
        raise click.ClickException("WHO must be the e-mail address or the id of somebody with an account.")
    return person.id


def _read_password(*own: str) -> str:
    try:
        # Bytes: what the terminal's language makes of them is not asked.
        password = sys.stdin.buffer.readline().decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise click.ClickException("The password must be text in UTF-8.") from error
    if problem := problem_with(password, own=own):
        raise click.ClickException(_PROBLEMS[problem])
    return password
