"""`serve`: the production server."""

import click
from flask import current_app
from flask.cli import with_appcontext

from webapp.serving import serve


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes for requests.")
@click.option("--no-worker", is_flag=True, help="Without the background jobs: `jobs run` does them elsewhere.")
@with_appcontext
def serve_command(host: str, port: int, workers: int, no_worker: bool) -> None:
    """Serve the site until SIGTERM."""
    serve(current_app._get_current_object(), host=host, port=port, workers=workers, with_jobs=not no_worker)  # type: ignore[attr-defined]
