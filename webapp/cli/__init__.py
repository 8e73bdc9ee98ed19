"""Commands of `flask --app wsgi`, one file a noun."""

from flask import Flask

from webapp.cli import audit, backups, demo, jobs, keys, ledger, replays, rollups, serve, users
from webapp.cli.migrated import needs_database

GROUPS = tuple(noun.group for noun in (users, keys, replays, ledger, audit, jobs, rollups, demo))
# These run for long and wait for a database that comes back.
WAITING = (serve.serve_command, jobs.run)
MIGRATING = (demo.run_command,)
# A backup is taken before an upgrade too, and restored where there is nothing yet.
UNCHECKED = (backups.backup_command, backups.restore_command)

for command in (serve.serve_command, *(command for group in GROUPS for command in group.commands.values())):
    if command not in MIGRATING:
        # The server hands its application on to processes that answer people.
        needs_database(command, may_be_away=command in WAITING, is_patient=command is not serve.serve_command)


def init_app(app: Flask) -> None:
    """Register the commands."""
    for command in (serve.serve_command, *UNCHECKED, *GROUPS):
        app.cli.add_command(command)
