"""Which version of Grapevine this is."""

import tomllib
from functools import cache

from webapp.config import ROOT


@cache
def version() -> str:
    """Return the version that pyproject.toml says, "unknown" where there is no such file."""
    try:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    except OSError:
        return "unknown"
    return str(project["version"])
