"""The file of a backup: a ZIP archive with the rows of each table, and a manifest of what should be in it.

    manifest.json          at which migration the tables stand; of each its columns, how many rows, their digest
    manifest.json.sha256   the manifest's own digest
    rows/<table>.tsv       the rows (webapp.backups.rows)

It is written beside its name as FILE.part and gets its name when it is whole and on the disk. A part that was left by
a process which was killed is no backup, and the next one overwrites it.
"""

import fcntl
import hashlib
import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from webapp.backups import BackupError

FORMAT, FORMAT_VERSION = "grapevine-backup", 1
MANIFEST, MANIFEST_DIGEST = "manifest.json", "manifest.json.sha256"
# Far more than any manifest has, and little enough to be read at once.
LARGEST_MANIFEST = 1024 * 1024
BLOCK_BYTES = 256 * 1024
# The quickest; a slower one makes the file a tenth smaller.
COMPRESSION = 1
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, NotImplementedError, RuntimeError)
_BROKEN = "is cut short or altered, and nothing was written"


@dataclass(frozen=True, slots=True)
class TableNote:
    """What the manifest says of a table."""

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `key_check` tells whether a SECRET_KEY is the one of the site it is of."""

    grapevine: str
    migration: str
    engine: str
    taken_at: str
    key_check: str
    tables: tuple[TableNote, ...]

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return sum(table.rows for table in self.tables)


class Counted:
    """Counts and digests lines on their way."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self.rows = 0

    def through(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass blocks of whole lines on."""
        for block in blocks:
            self._sha256.update(block)
            self.rows += block.count(b"\n")
            yield block

    def note(self, name: str, columns: tuple[str, ...]) -> TableNote:
        """Return what went through, as a manifest says it."""
        return TableNote(name, columns, self.rows, self._sha256.hexdigest())


class ArchiveWriter:
    """Writes a backup into an open file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION)
        self.tables: list[TableNote] = []

    def __enter__(self) -> "ArchiveWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # After a failure there is nothing to say any more, but an archive that was not closed would try to later.
        with suppress(OSError, ValueError) if kind else nullcontext():
            self._zip.close()

    def add_table(self, name: str, columns: tuple[str, ...], blocks: Iterable[bytes]) -> None:
        """Write the rows of a table."""
        counted = Counted()
        with self._zip.open(_rows_of(name), "w", force_zip64=True) as entry:
            for block in counted.through(blocks):
                entry.write(block)
        self.tables.append(counted.note(name, columns))

    def finish(self, manifest: Manifest) -> None:
        """Write what the backup says of itself."""
        said = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(manifest)}
        data = json.dumps(said, indent=1).encode()
        self._zip.writestr(MANIFEST, data)
        self._zip.writestr(MANIFEST_DIGEST, hashlib.sha256(data).hexdigest())


class Archive:
    """Reads a backup. Raises BackupError for a file that is none, or is not whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                is_zip = zipfile.is_zipfile(file)
                file.seek(0)
                begins = file.read(4)
            if not is_zip and begins != b"PK\x03\x04":
                raise BackupError(f"{path} is not a backup of Grapevine.")
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise BackupError(f"{path} cannot be read ({error.strerror}).") from error
        except _UNREADABLE as error:
            raise BackupError(f"{path} {_BROKEN}.") from error
        try:
            self.manifest = self._manifest()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def check(self) -> None:
        """Read everything once and compare it with the manifest. Raises BackupError when anything differs."""
        wanted = {MANIFEST, MANIFEST_DIGEST, *(_rows_of(table.name) for table in self.manifest.tables)}
        if sorted(self._zip.namelist()) != sorted(wanted):
            raise BackupError(f"{self.path} {_BROKEN}: it does not hold the files of its manifest.")
        for table in self.manifest.tables:
            counted = Counted()
            for _block in counted.through(self.blocks(table)):
                pass
            if counted.note(table.name, table.columns) != table:
                raise BackupError(f"{self.path} {_BROKEN}: the rows of {table.name} differ from its manifest.")

    def blocks(self, table: TableNote) -> Iterator[bytes]:
        """Yield the rows of a table as blocks of whole lines."""
        try:
            with self._zip.open(_rows_of(table.name)) as entry:
                rest = b""
                while data := entry.read(BLOCK_BYTES):
                    lines, end, rest = (rest + data).rpartition(b"\n")
                    if end:
                        yield lines + end
        except _UNREADABLE as error:
            raise BackupError(f"{self.path} {_BROKEN}: the rows of {table.name} cannot be read.") from error
        if rest:
            raise BackupError(f"{self.path} {_BROKEN}: the rows of {table.name} end in the middle of one.")

    def _manifest(self) -> Manifest:
        try:
            if MANIFEST not in self._zip.namelist():
                raise BackupError(f"{self.path} is not a backup of Grapevine.")
            data, digest = (self._read_small(name) for name in (MANIFEST, MANIFEST_DIGEST))
            if hashlib.sha256(data).hexdigest().encode() != digest:
                raise BackupError(f"{self.path} {_BROKEN}: its manifest has another digest.")
            said = json.loads(data)
            if said.pop("format") != FORMAT:
                raise BackupError(f"{self.path} is not a backup of Grapevine.")
            if said.pop("format_version") != FORMAT_VERSION:
                raise BackupError(f"{self.path} was made by a newer version of Grapevine: restore it with that one.")
            tables = [TableNote(**{**table, "columns": tuple(table["columns"])}) for table in said.pop("tables")]
            return Manifest(**said, tables=_named_once(tables))
        except (*_UNREADABLE, ValueError, TypeError, AttributeError) as error:
            raise BackupError(f"{self.path} {_BROKEN}: its manifest cannot be read.") from error

    def _read_small(self, name: str) -> bytes:
        with self._zip.open(name) as entry:
            data = entry.read(LARGEST_MANIFEST + 1)
        if len(data) > LARGEST_MANIFEST:
            raise ValueError("too large for a manifest")
        return data


@contextmanager
def written_whole(path: Path, *, overwrite: bool) -> Iterator[IO[bytes]]:
    """Give a file for its owner alone that gets its name at the end, whole and on the disk; or leaves nothing.

    Raises BackupError when there is such a file already, unless it may be overwritten, and when it cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    _refuse_present(path, overwrite=overwrite)
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise BackupError(f"{path} cannot be written ({error.strerror}).") from error
    with io.FileIO(descriptor, "r+") as raw:
        try:
            fcntl.flock(raw, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BackupError(f"{part} is being written by another backup.") from error
        if not _is_at(descriptor, part):
            # The other one was done between the two, and gave this file its name: it is whole, and not ours.
            raise BackupError(f"{path} was written by another backup just now.")
        try:
            # Of one that was killed there may be something left, and anybody may have been let read it.
            os.fchmod(descriptor, 0o600)
            raw.truncate()
            with io.BufferedRandom(raw, BLOCK_BYTES) as file:
                yield file
                file.flush()
                os.fsync(descriptor)
                _refuse_present(path, overwrite=overwrite)
                part.rename(path)
            _sync_folder(path.parent)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise BackupError(f"{path} cannot be written ({error.strerror}); nothing is left of it.") from error
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _is_at(descriptor: int, path: Path) -> bool:
    """Say whether an open file still has this name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False))
    except OSError:
        return False


def _refuse_present(path: Path, *, overwrite: bool) -> None:
    if path.is_dir():
        raise BackupError(f"{path} is a folder: name a file in it.")
    if not overwrite and os.path.lexists(path):
        raise BackupError(f"{path} is there already: name another file, or add --overwrite.")


def _sync_folder(folder: Path) -> None:
    # Some file systems have nothing to write for a folder, and say so.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _rows_of(table: str) -> str:
    return f"rows/{table}.tsv"


def _named_once(tables: list[TableNote]) -> tuple[TableNote, ...]:
    """Return the tables of a manifest. Raises ValueError for names that no table or column of ours has."""
    names = [table.name for table in tables]
    if len(set(names)) < len(names) or not all(
        _NAME.fullmatch(name) for table in tables for name in (table.name, *table.columns)
    ):
        raise ValueError("names that cannot be")
    return tuple(tables)
