"""Commands of `flask --app wsgi`, one file a noun."""

from flask import Flask

from webapp.cli import demo, jobs, keys, ledger, rollups, serve, users


def init_app(app: Flask) -> None:
    """Register the commands."""
    for command in (serve.serve_command, users.group, keys.group, ledger.group, jobs.group, rollups.group, demo.group):
        app.cli.add_command(command)
