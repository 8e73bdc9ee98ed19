"""`users`: people, from the command line."""

import secrets
import sys

import click
from flask.cli import AppGroup

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain import names
from webapp.forms.addresses import read_address
from webapp.models.user import ROLES
from webapp.passwords import LONGEST, SHORTEST, PasswordProblem, hash_password, problem_with
from webapp.queries.people import find_by_email
from webapp.queries.programs import default_program
from webapp.services.people import EmailTakenError, open_account
from webapp.services.second_factor import turn_off

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


def _read_password(*own: str) -> str:
    try:
        # Bytes: what the terminal's language makes of them is not asked.
        password = sys.stdin.buffer.readline().decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise click.ClickException("The password must be text in UTF-8.") from error
    if problem := problem_with(password, own=own):
        raise click.ClickException(_PROBLEMS[problem])
    return password
