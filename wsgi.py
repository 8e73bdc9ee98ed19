"""The application for servers and for `flask --app wsgi`."""

import gc
import os

# Nothing of what is imported becomes garbage: looking for some after every few classes is a fifth of the way to the
# first answer, and to the end of every command.
gc.disable()

from webapp import create_app  # noqa: E402 - see above
from webapp.config import ConfigError, load_config  # noqa: E402 - see above

try:
    app = create_app(load_config(os.environ))
except ConfigError as error:
    raise SystemExit(f"Grapevine does not start: {error}") from None
finally:
    gc.enable()
