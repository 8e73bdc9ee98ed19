"""Builds static/vendor: what the browser gets, under names that can be cached for ever.

Three kinds of files go in: style and scripts from npm packages, a sprite of the icons named in icons.txt, and copies of
our own css, js and img. Each gets a twin whose name carries a hash of its content, and smaller .br and .gz twins for
browsers that take them. manifest.json says which hashed file stands for a name:

    {"css/app.css": {"path": "vendor/own/css/app.1f….css", "sha256": "1f…"}}

where sha256 is that of the source, so that a server in development can tell when a copy is out of date.
"""

import fcntl
import gzip
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import brotli

FRONTEND = Path(__file__).resolve().parent
STATIC = FRONTEND.parents[1] / "static"
VENDOR = STATIC / "vendor"
PACKAGES = FRONTEND / "node_modules"

COPIED = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "plotly-basic.min.js": "plotly.js-basic-dist-min/plotly-basic.min.js",
}
OWN_FOLDERS = ("css", "js", "img")
COMPRESSIBLE = {".css", ".js", ".svg", ".json", ".txt", ".webmanifest", ".ico"}
HASH_LENGTH = 12
SVG = "{http://www.w3.org/2000/svg}"


class BuildError(Exception):
    """Something a person has to put right, in one sentence."""


def main() -> None:
    started = time.time()
    with only_one_build(), temporary_folder() as folder:
        manifest = build(folder)
        target = folder / "manifest.json"
        target.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        # make compares this time with the sources': one that changes while this runs must count as newer.
        os.utime(target, (started, started))
        swap(folder)
    print(f"static/vendor: {len(manifest)} files in {time.time() - started:.1f} s")


def build(folder: Path) -> dict[str, dict[str, str]]:
    """Fill `folder` and return its manifest."""
    check_plotly_versions()
    manifest = {}
    for name, content in third_party_files():
        check_stays_home(name, content)
        (folder / name).write_bytes(content)
        manifest[f"vendor/{name}"] = write_hashed(folder, Path(name), content)
    for source in own_files():
        path = source.relative_to(STATIC)
        manifest[path.as_posix()] = write_hashed(folder, "own" / path, source.read_bytes())
    write_licences(folder / "LICENSES")
    compress_all(folder)
    return manifest


def check_plotly_versions() -> None:
    """Refuse a plotly.js that differs from the one the Python package writes its figures for."""
    from plotly.offline import get_plotlyjs_version

    package = json.loads((PACKAGES / "plotly.js-basic-dist-min/package.json").read_text(encoding="utf-8"))
    if package["version"] != get_plotlyjs_version():
        raise BuildError(
            f"package.json has plotly.js {package['version']}, but the Python package plotly is made for "
            f"{get_plotlyjs_version()}: set plotly.js-basic-dist-min to that version and run npm install."
        )


def third_party_files() -> Iterator[tuple[str, bytes]]:
    for name, path in COPIED.items():
        yield name, without_source_map((PACKAGES / path).read_bytes())
    # Stays empty: plotly.js puts its rules into the sheet that it finds, so that style-src 'self' is enough.
    yield "plotly-global.css", b""
    yield "icons.svg", sprite(icon_names())


def without_source_map(content: bytes) -> bytes:
    """Drop the comment that makes browsers with open tools ask for a file that is not there."""
    return re.sub(rb"\n?(//# sourceMappingURL=\S+|/\*# sourceMappingURL=[^*]*\*/)[ \t]*(?=\n|\Z)", b"", content)


def check_stays_home(name: str, content: bytes) -> None:
    """Refuse a style sheet that would load something from another origin."""
    if name.endswith(".css") and (found := re.search(rb"(url\(|@import)\s*[\"']?(https?:)?//[^\"')]+", content)):
        raise BuildError(f"{name} asks for {found[0].decode(errors='replace')}, which is not on this site.")


def icon_names() -> list[str]:
    names = (FRONTEND / "icons.txt").read_text(encoding="utf-8").split()
    if names != sorted(set(names)):
        raise BuildError("icons.txt has to be sorted, each name once: this keeps merges simple.")
    return names


def sprite(names: list[str]) -> bytes:
    """Return one SVG with a symbol for each icon. Stroke and size are left to our own style sheet."""
    ElementTree.register_namespace("", SVG.strip("{}"))
    root = ElementTree.Element(f"{SVG}svg")
    for name in names:
        path = PACKAGES / f"@tabler/icons/icons/outline/{name}.svg"
        if not path.exists():
            raise BuildError(f"icons.txt names {name}, which is not among the outline icons of @tabler/icons.")
        symbol = ElementTree.SubElement(root, f"{SVG}symbol", id=name, viewBox="0 0 24 24")
        for shape in ElementTree.parse(path).getroot():  # noqa: S314 - comes with a hash, from package-lock.json
            if shape.get("stroke") != "none":  # an invisible square, there for drawing programs
                shape.tail = None
                symbol.append(shape)
    return ElementTree.tostring(root, encoding="unicode").encode() + b"\n"


def own_files() -> Iterator[Path]:
    for folder in OWN_FOLDERS:
        for path in sorted((STATIC / folder).rglob("*")):
            if path.is_file() and not any(part.startswith(".") or part.endswith("~") for part in path.parts[-2:]):
                yield path


def write_hashed(folder: Path, name: Path, content: bytes) -> dict[str, str]:
    digest = hashlib.sha256(content).hexdigest()
    path = name.with_name(f"{name.stem}.{digest[:HASH_LENGTH]}{name.suffix}")
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content)
    return {"path": f"vendor/{path.as_posix()}", "sha256": digest}


def write_licences(folder: Path) -> None:
    """Put the terms of every package in the lock beside what was copied from it."""
    folder.mkdir()
    for key, entry in json.loads((FRONTEND / "package-lock.json").read_text(encoding="utf-8"))["packages"].items():
        if not key:
            continue  # ourselves
        name = key.removeprefix("node_modules/")
        head = f"{name} {entry['version']}, licence: {entry.get('license', 'not stated')}\n\n"
        texts = sorted(path for path in (PACKAGES / name).glob("*") if re.match(r"(?i)licen[cs]e|notice", path.name))
        body = "\n".join(path.read_text(encoding="utf-8") for path in texts)
        if not body:
            body = "The package comes without the text of its licence; the first lines of its files name the holders.\n"
        (folder / f"{name.lstrip('@').replace('/', '-')}.txt").write_text(head + body, encoding="utf-8")


def compress_all(folder: Path) -> None:
    """Write .br and .gz twins. Threads help: both compressors let go of the interpreter."""
    sources = [path for path in folder.rglob("*") if path.is_file() and path.suffix in COMPRESSIBLE]
    sources = [path for path in sources if path.parent.name != "LICENSES"]
    by_content: dict[bytes, list[Path]] = {}
    for path in sources:
        by_content.setdefault(path.read_bytes(), []).append(path)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for paths, twins in zip(by_content.values(), pool.map(compressed, by_content), strict=True):
            for path in paths:
                for suffix, content in twins.items():
                    Path(f"{path}{suffix}").write_bytes(content)


def compressed(content: bytes) -> dict[str, bytes]:
    """Return the twins by suffix, but only those worth sending.

    What an earlier build compressed is taken from there, since plotly.js alone takes seconds.
    """
    key = hashlib.sha256(content).hexdigest()[:HASH_LENGTH]
    earlier = {path.suffix: path.read_bytes() for path in VENDOR.rglob(f"*.{key}.*") if path.suffix in {".br", ".gz"}}
    if len(earlier) == 2:
        return earlier
    twins = {".br": brotli.compress(content, quality=11), ".gz": gzip.compress(content, compresslevel=9, mtime=0)}
    return {suffix: twin for suffix, twin in twins.items() if len(twin) < len(content)}


@contextmanager
def only_one_build() -> Iterator[None]:
    """Make a second build wait: `make run` and `make test` may well start together."""
    STATIC.mkdir(exist_ok=True)
    handle = os.open(STATIC, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder beside the real one, so that taking its place is only a rename."""
    for left_over in STATIC.glob(".vendor-*"):
        shutil.rmtree(left_over)
    folder = Path(tempfile.mkdtemp(prefix=".vendor-", dir=STATIC))
    folder.chmod(0o755)  # mkdtemp lets only its maker in; the server may run as somebody else
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def swap(folder: Path) -> None:
    """Put `folder` in the place of static/vendor; whatever was there before is gone afterwards."""
    old = STATIC / ".vendor-old"
    if VENDOR.exists():
        VENDOR.rename(old)
    folder.rename(VENDOR)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    try:
        main()
    except BuildError as error:
        sys.exit(f"static/vendor was not built: {error}")
