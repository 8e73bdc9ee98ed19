"""Exit 0 when the Grapevine of this container is ready, else 1: `/readyz`, asked as whoever BASE_URL names."""

import os
import sys
import urllib.error
import urllib.request
from urllib.parse import urlsplit

URL = os.environ.get("HEALTHCHECK_URL", "http://127.0.0.1:8000/readyz")
SECONDS = 4


def main() -> int:
    """Ask, and say what is not ready."""
    # No other host is answered.
    host = urlsplit(os.environ.get("BASE_URL", "")).netloc or "127.0.0.1"
    try:
        with urllib.request.urlopen(urllib.request.Request(URL, headers={"Host": host}), timeout=SECONDS):  # noqa: S310
            return 0
    except urllib.error.HTTPError as error:
        sys.stderr.write(error.read().decode(errors="replace"))
    except OSError as error:
        sys.stderr.write(f"{error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
