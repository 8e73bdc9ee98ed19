"""`rules`: reward rules as a file."""

from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.rules import LONGEST_NOTE, RuleDefinition, RuleError
from webapp.extensions import db
from webapp.models import Program
from webapp.queries.programs import DEFAULT_SLUG, find_program
from webapp.queries.rules import read_rule_set
from webapp.rule_files import RuleFileError, item, read_rules, written
from webapp.services.rules import Publication, begin_publishing, plan_rules, publish_rules

group = AppGroup("rules", help="The reward rules, as a file.")
program_option = click.option(
    "--program", "slug", default=DEFAULT_SLUG, show_default=True, help="Whose rules: its slug."
)


@group.command("apply")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@program_option
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--prune", is_flag=True, help="End the rules that are not in the file.")
@click.option("--note", default="", help="Why, for those who look at the versions later.")
def apply(file: Path, slug: str, dry_run: bool, prune: bool, note: str) -> None:
    """Publish a new version of each rule that differs from what is live."""
    wanted = read_file(file, otherwise="Nothing was published.")
    note = note.strip() or f"Applied from {file.name}"
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise click.ClickException(f"--note must be one line of at most {LONGEST_NOTE} characters.")
    try:
        if dry_run:
            changes = plan_rules(db.session(), find(db.session(), slug), wanted, prune=prune)
        else:
            with write_transaction() as session:
                program = find(session, slug)
                begin_publishing(session, program.id)
                changes = publish_rules(session, program, wanted, prune=prune, note=note, by=None, now=utc_now())
    except RuleError as error:
        raise click.ClickException(f"{file.name}: {error}.") from error
    _tell(changes, unchanged=len(wanted) - sum(change.kind != "ended" for change in changes))
    if dry_run and changes:
        click.echo("Nothing was published: this was a dry run.")


@group.command("export")
@program_option
def export(slug: str) -> None:
    """Print the live rules as the file that `rules apply` takes."""
    session = db.session()
    live = read_rule_set(session, find(session, slug).id).live()
    click.echo(written([version.definition for version in live]), nl=False)


def read_file(file: Path, *, otherwise: str) -> list[RuleDefinition]:
    """Read the rules of a file. ClickException names the file, the rule and the field that is wrong."""
    try:
        return read_rules(file.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file}: it is not TOML: {error}. {otherwise}") from error
    except RuleFileError as error:
        raise click.ClickException(f"{file}: {error}. {otherwise}") from error


def find(session: Session, slug: str) -> Program:
    """Return the program that --program names."""
    program = find_program(session, slug)
    if program is None:
        raise click.ClickException(f"--program must be the slug of a program; there is none called “{slug}”.")
    return program


def _tell(changes: list[Publication], *, unchanged: int) -> None:
    for change in changes:
        click.echo(f"{change.key}: {change.kind}, version {change.number}")
        for line in _difference(change):
            click.echo(f"  {line}")
    if not changes:
        click.echo("Nothing differs from what is live.")
    elif unchanged:
        click.echo(f"{unchanged} {'rule stays as it is' if unchanged == 1 else 'rules stay as they are'}.")


def _difference(change: Publication) -> list[str]:
    """Say field by field what a new version says differently."""
    if change.before is None or change.definition is None:
        return []
    before, after = _flat(change.before.definition), _flat(change.definition)
    again = [] if change.before.state == "live" else ["live again"]
    return again + [
        f"{name}: {before.get(name, 'none')} → {after.get(name, 'none')}"
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]


def _in_a_line(part: Any) -> str:
    if isinstance(part, list):
        return f"[{', '.join(_in_a_line(one) for one in part)}]"
    return item(part).as_string()


def _flat(rule: RuleDefinition) -> dict[str, str]:
    """Return each field as it stands in a file, those of a table by their path."""
    flat: dict[str, str] = {}
    for name, value in rule.table().items():
        parts = {f"{name}.{below}": part for below, part in value.items()} if isinstance(value, dict) else {name: value}
        flat |= {path: _in_a_line(part) for path, part in parts.items()}
    return flat
