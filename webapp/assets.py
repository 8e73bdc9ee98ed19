"""Our own and installed files: served by the application under names that hold their content's hash.

`webapp/frontend/build.py` writes the hashed and compressed copies and a
manifest. A file of ours that was edited since then is served under its plain
name, so that nobody ever sees a stale page.
"""

import json
import re
from collections.abc import MutableMapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import Flask
from whitenoise import WhiteNoise

from webapp.config import ROOT

STATIC = ROOT / "static"
MANIFEST = STATIC / "vendor" / "manifest.json"
_HASHED_NAME = re.compile(r"\.[0-9a-f]{12}\.\w+$")


# What pages of other sites embed: its name never changes, so it is asked for again after a while.
EMBEDDED = "/static/js/grapevine.js"
EMBEDDED_SECONDS = 3600


def init_app(app: Flask, *, production: bool) -> None:
    """Serve static/ in front of the application and offer `asset_url` to templates."""
    server = WhiteNoise(
        app.wsgi_app,
        root=str(STATIC),
        prefix="static/",
        autorefresh=not production,
        max_age=300 if production else 0,
        immutable_file_test=lambda _path, url: bool(_HASHED_NAME.search(url)),
        add_headers_function=_open_to_other_sites,
    )
    app.wsgi_app = server  # type: ignore[method-assign]
    app.jinja_env.globals["asset_url"] = asset_url if production else _asset_url.__wrapped__


def _open_to_other_sites(headers: MutableMapping[str, str], _path: str, url: str) -> None:
    if url == EMBEDDED:
        headers["Cache-Control"] = f"max-age={EMBEDDED_SECONDS}, public"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"


def asset_url(name: str) -> str:
    """Return the address of a file under static/, as in `css/app.css`."""
    return _asset_url(name)


@lru_cache
def _asset_url(name: str) -> str:
    entry = _manifest().get(name)
    if entry is None:
        return f"/static/{name}"
    source = STATIC / name
    edited = (
        not name.startswith("vendor/")
        and source.exists()
        and sha256(source.read_bytes()).hexdigest() != entry["sha256"]
    )
    return f"/static/{name if edited else entry['path']}"


@lru_cache
def _manifest() -> dict[str, dict[str, str]]:
    return json.loads(Path(MANIFEST).read_text()) if MANIFEST.exists() else {}
