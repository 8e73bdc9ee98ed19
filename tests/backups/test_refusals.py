"""What is refused in one sentence, and leaves everything as it was."""

import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import factories
from tests.backups.conftest import KEY, back_up, command, into_sqlite, on_sqlite
from tests.backups.test_round_trip import counts
from tests.databases import FAST, config_for
from tests.serving.server import environment
from webapp import create_app
from webapp.backups import BackupError
from webapp.config import ROOT
from webapp.database import close_connections, write_transaction
from webapp.extensions import db
from webapp.models import Reward


def tables(app):
    with app.app_context():
        found = sa.inspect(db.engine).get_table_names()
        close_connections()
    return found


@on_sqlite
def test_the_command_writes_a_file_for_its_owner_alone_and_never_over_another(app, tmp_path):
    path = tmp_path / "site.backup"
    result = command(app, "backup", str(path))
    assert result.exit_code == 0, result.output
    assert "SECRET_KEY and the other settings are not in it" in result.stdout
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    refused = command(app, "backup", str(path))
    assert (refused.exit_code, refused.stderr) == (
        1,
        f"Error: {path} is there already: name another file, or add --overwrite.\n",
    )
    assert path.read_bytes() == before
    path.chmod(0o644)
    assert command(app, "backup", str(path), "--overwrite").exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.glob("site*")] == ["site.backup"]
    assert KEY.encode() not in path.read_bytes()


@on_sqlite
def test_a_full_disk_is_said_in_a_sentence_and_leaves_nothing(app, tmp_path):
    path = tmp_path / "site.backup"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with app.app_context():
        # SQLite writes a file of its own when it opens a database.
        db.session.execute(sa.text("SELECT 1 FROM users")).all()
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
    try:
        with pytest.raises(BackupError, match=r"cannot be written \(File too large\); nothing is left of it\."):
            back_up(app, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.glob("site*")) == []


@on_sqlite
@into_sqlite
def test_a_restore_that_finds_no_room_leaves_the_database_as_it_was(backed_up, target):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        result = command(target, "restore", str(backed_up))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The database has no room, or cannot be written (")
    assert result.stderr.endswith("); it is as it was.\n")
    assert tables(target) == []
    assert command(target, "restore", str(backed_up)).exit_code == 0


def of_somebody_else(*_args, **_kwargs):
    error = sqlite3.OperationalError("unable to open database file")
    error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    raise error


@on_sqlite
@into_sqlite
def test_what_is_left_of_another_database_is_never_written_into_the_new_one(backed_up, target, monkeypatch):
    with target.app_context():
        path = Path(db.engine.url.database)
    left = path.with_name(f"{path.name}-wal")
    left.write_bytes(b"a log")
    assert f"{left} is left of a database that is gone" in command(target, "restore", str(backed_up)).stderr
    left.unlink()
    path.write_text("something else " * 100)
    assert "is no database that can be read and written" in command(target, "restore", str(backed_up)).stderr
    assert path.read_text().startswith("something else")
    with monkeypatch.context() as patched:
        patched.setattr("webapp.backups.targets.sqlite3.connect", of_somebody_else)
        assert f"{path} cannot be written: restore as whoever" in command(target, "restore", str(backed_up)).stderr
    # Its name is a link to where it is kept.
    elsewhere = path.with_name("elsewhere.db")
    path.unlink()
    path.symlink_to(elsewhere)
    assert command(target, "restore", str(backed_up)).exit_code == 0
    assert path.is_symlink()
    assert elsewhere.is_file()


@on_sqlite
def test_a_database_that_is_away_is_said_to_be(backed_up, tmp_path):
    away = create_app(config_for("postgresql://nobody@127.0.0.1:1/none", tmp_path), **FAST)
    assert "The database does not answer (OperationalError)" in command(away, "restore", str(backed_up)).stderr
    assert "The database does not answer" in command(away, "backup", str(tmp_path / "other.backup")).stderr
    assert list(tmp_path.glob("other*")) == []


@on_sqlite
@into_sqlite
def test_text_that_only_sqlite_can_hold_comes_back_to_it(app, tmp_path, restored, target):
    odd = "a\0b\tc\\"
    with app.app_context(), write_transaction() as session:
        factories.person(session, name=odd)
    back_up(app, tmp_path / "site.backup")
    assert restored(tmp_path / "site.backup").exit_code == 0
    with target.app_context():
        assert db.session.execute(sa.text("SELECT CAST(name AS BLOB) FROM users")).scalar_one() == odd.encode()


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-700])


def cut_very_short(path):
    path.write_bytes(path.read_bytes()[:3_000])


def altered(path):
    data = bytearray(path.read_bytes())
    data[data.index(b"rows/users.tsv") + 40] ^= 1
    path.write_bytes(data)


def rewritten(path, name, change):
    """Replace one file of the archive by another, as somebody would who knows ZIP."""
    with zipfile.ZipFile(path) as archive:
        files = {entry: archive.read(entry) for entry in archive.namelist()}
    files[name] = change(files[name])
    with zipfile.ZipFile(path, "w") as archive:
        for entry, data in files.items():
            if data is not None:
                archive.writestr(entry, data)


def richer(path):
    rewritten(path, "rows/ledger_entries.tsv", lambda data: data.replace(b"1000", b"9000"))


def forged(path):
    rewritten(path, "manifest.json", lambda data: data.replace(b'"rows": 0', b'"rows": 1', 1))


def without_a_table(path):
    rewritten(path, "rows/users.tsv", lambda _data: None)


def something_else(path):
    path.write_text("something else " * 100)


def another_archive(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("letter.txt", "Dear Ada")


def a_database(path):
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE users (id)")
    connection.close()


SHORT = "cut short or altered, and nothing was written"
FOREIGN = "is not a backup of Grapevine"


DAMAGES = {
    **dict.fromkeys((cut_short, cut_very_short, altered, richer, forged, without_a_table), SHORT),
    **dict.fromkeys((something_else, another_archive, a_database), FOREIGN),
}


@on_sqlite
@into_sqlite
def test_a_file_that_is_not_a_whole_backup_is_refused(backed_up, restored, target, tmp_path):
    for damage, sentence in DAMAGES.items():
        damaged = tmp_path / damage.__name__
        damaged.write_bytes(backed_up.read_bytes())
        damage(damaged)
        result = restored(damaged)
        assert (result.exit_code, sentence in result.stderr) == (1, True), (damage.__name__, result.stderr)
        assert len(result.stderr.splitlines()) == 1
    assert tables(target) == []


@on_sqlite
@into_sqlite
def test_a_backup_of_a_version_that_is_not_known_here_is_refused(app, tmp_path, restored, target):
    with app.app_context(), write_transaction() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    back_up(app, tmp_path / "site.backup")
    result = restored(tmp_path / "site.backup")
    assert "was made by a version of Grapevine that this one does not know (test, migration 9999)" in result.stderr
    assert tables(target) == []


@on_sqlite
def test_a_database_that_holds_something_is_replaced_only_when_told_to(backed_up, restored, target):
    assert restored(backed_up).exit_code == 0
    with target.app_context():
        with write_transaction() as session:
            factories.person(session, email="later@example.org")
        close_connections()
    held = counts(target)
    refused = restored(backed_up)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "The database is not a new one" in refused.stderr
    assert counts(target) == held
    in_use = restored_while_open(target, backed_up, restored)
    assert "The database is in use" in in_use.stderr
    assert counts(target) == held
    assert restored(backed_up, "--replace").exit_code == 0
    assert counts(target)["users"] == held["users"] - 1


def restored_while_open(target, path, restored):
    """Restore while somebody else, as the site would, has the database open."""
    with target.app_context():
        engine = sa.create_engine(db.engine.url)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT count(*) FROM users"))
        result = restored(path, "--replace")
    engine.dispose()
    return result


@on_sqlite
def test_a_site_that_was_only_migrated_is_a_new_one(backed_up, other_databases, tmp_path):
    (tmp_path / "new").mkdir()
    url = other_databases.migrated(tmp_path / "new")
    app = create_app(config_for(url, tmp_path), **FAST)
    try:
        result = command(app, "restore", str(backed_up))
        assert result.exit_code == 0, result.output
    finally:
        with app.app_context():
            db.session.remove()
            close_connections()
        other_databases.drop(url)


@on_sqlite
@into_sqlite
def test_books_that_were_wrong_are_restored_and_said_line_by_line(app, tmp_path, restored, target, backed_up):
    with app.app_context(), write_transaction() as session:
        session.execute(sa.update(Reward).values(status="approved"))
    back_up(app, tmp_path / "wrong.backup")
    result = restored(tmp_path / "wrong.backup")
    assert result.exit_code == 1
    lines = [line for line in result.stdout.splitlines() if line.startswith("ledger: reward")]
    assert len(lines) == 2
    assert counts(target)["rewards"] == 1


@on_sqlite
@into_sqlite
def test_another_secret_key_is_noticed(backed_up, target):
    target.config["SECRET_KEY"] = "another secret that is long enough, too"
    result = command(target, "restore", str(backed_up))
    assert result.exit_code == 0
    assert "SECRET_KEY is another one" in result.stderr


KILLED = """
import os, signal
from webapp.backups import {module} as module
def end(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
module.{function} = end
from wsgi import app
app.test_cli_runner().invoke(args={arguments})
"""


def run_and_die(url, folder, module, function, *arguments):
    code = KILLED.format(module=module, function=function, arguments=list(arguments))
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment(url, folder), timeout=60)
    assert ended.returncode == -signal.SIGKILL


@on_sqlite
def test_a_backup_that_is_killed_in_the_middle_leaves_no_backup(app, database_url, tmp_path):
    run_and_die(database_url, tmp_path, "taking", "Manifest", "backup", str(tmp_path / "site.backup"))
    assert not (tmp_path / "site.backup").exists()
    # What is left of it is in nobody's way.
    assert back_up(app, tmp_path / "site.backup").rows
    assert [file.name for file in tmp_path.glob("site*")] == ["site.backup"]


@on_sqlite
def test_a_restore_that_is_killed_in_the_middle_leaves_the_database_as_it_was(backed_up, restored, target, tmp_path):
    with target.app_context():
        url = db.engine.url.set(drivername=db.engine.name).render_as_string(hide_password=False)
    run_and_die(url, tmp_path, "restoring", "_refuse_difference", "restore", str(backed_up))
    assert tables(target) == []
    assert restored(backed_up).exit_code == 0
    assert list(tmp_path.rglob("*.restoring")) == []
