"""`keys`: keys of the API."""

import secrets

import click
from flask.cli import AppGroup

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.forms.api_key import LONGEST_NAME
from webapp.models.api_key import SCOPES
from webapp.queries.programs import default_program
from webapp.services.keys import PREFIX, create_key

group = AppGroup("keys", help="Keys of the API.")


@group.command("create")
@click.argument("name")
@click.option("--scope", type=click.Choice(SCOPES), default="write", show_default=True, help="`write` includes `read`.")
def create(name: str, scope: str) -> None:
    """Make a key and print its secret, which is shown only now."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise click.ClickException(f"NAME must be 1 to {LONGEST_NAME} characters, as in 'shop'.")
    secret = PREFIX + secrets.token_urlsafe(32)
    with write_transaction() as session:
        create_key(session, default_program(session), name=name, scope=scope, secret=secret, now=utc_now())
    click.echo(
        f"The key “{name}” may {'read and write' if scope == 'write' else 'read'}. Keep it; it is shown only now:"
    )
    click.echo(secret)
