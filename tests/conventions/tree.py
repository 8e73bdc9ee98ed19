"""What is in the repository, as git sees it: tracked files and new ones that are not ignored."""

import subprocess
from functools import lru_cache
from pathlib import Path

from webapp.config import ROOT


@lru_cache
def repository_files() -> tuple[Path, ...]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(ROOT / name for name in sorted(set(listed.stdout.split("\0"))) if name and (ROOT / name).is_file())


def python_files(folder: str = "") -> list[Path]:
    return [path for path in repository_files() if path.suffix == ".py" and path.is_relative_to(ROOT / folder)]


def templates() -> list[Path]:
    return [path for path in repository_files() if path.is_relative_to(ROOT / "templates")]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
