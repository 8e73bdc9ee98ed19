"""Where the browser for the tests is, and how to get one: `python -m tests.browser --install`.

Only the standard library, since this is asked before anything else is known to work.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DEBIAN_PACKAGES = ("chromium", "fonts-liberation")  # without a font every text has another width

# Where Playwright puts a browser of its own, newest last once sorted.
PLAYWRIGHT_FOLDERS = (Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright")
PLAYWRIGHT_PROGRAMS = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")


def find_chromium() -> str | None:
    """Return the path of a Chromium or Chrome, None when there is none.

    $E2E_CHROMIUM decides when it is set; ValueError when nothing that runs is there, rather than
    quietly taking another browser than the one asked for.
    """
    if wanted := os.environ.get("E2E_CHROMIUM"):
        if found := shutil.which(wanted):
            return found
        raise ValueError(f"E2E_CHROMIUM is {wanted}, which is not a program that can be run.")
    return next(filter(None, map(shutil.which, COMMANDS)), None) or _from_playwright()


def _from_playwright() -> str | None:
    chosen = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    folders = (Path(chosen),) if chosen else PLAYWRIGHT_FOLDERS
    found = [path for folder in folders for pattern in PLAYWRIGHT_PROGRAMS for path in sorted(folder.glob(pattern))]
    return str(found[-1]) if found else None


def install() -> str | None:
    """Return the path of a browser, fetching one when none is here; None when that fails too."""
    if found := find_chromium():
        return found
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("No browser found: installing Debian's Chromium for the tests.", flush=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *DEBIAN_PACKAGES]):
            subprocess.run(["apt-get", *arguments], env=environment, stdout=subprocess.DEVNULL, check=False)
        if found := find_chromium():
            return found
    print("No browser found: asking Playwright for its Chromium.", flush=True)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    return find_chromium()


def main() -> int:
    try:
        found = install() if "--install" in sys.argv[1:] else find_chromium()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if found:
        if "--install" not in sys.argv[1:]:
            print(found)
        return 0
    rule = "*" * 78
    print(
        f"{rule}\nThere is no browser, so NO TEST THAT NEEDS ONE WILL RUN. Install Chromium\n"
        f"(on Debian: apt install {' '.join(DEBIAN_PACKAGES)}) or set E2E_CHROMIUM to one.\n{rule}",
        file=sys.stderr,
    )
    # Continuous integration must not turn green on tests that did not run.
    return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
