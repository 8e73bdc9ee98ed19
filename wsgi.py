"""The application for servers and for `flask --app wsgi`."""

import os

from webapp import create_app
from webapp.config import ConfigError, load_config

try:
    app = create_app(load_config(os.environ))
except ConfigError as error:
    raise SystemExit(f"Grapevine does not start: {error}") from None
