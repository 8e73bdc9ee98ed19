"""Commands of `flask --app wsgi`, one file a noun."""

from flask import Flask

from webapp.cli import demo, jobs, keys, ledger, rollups, rules, serve, users


def init_app(app: Flask) -> None:
    """Register the commands."""
    for command in (serve.serve_command, *(noun.group for noun in (users, keys, rules, ledger, jobs, rollups, demo))):
        app.cli.add_command(command)
