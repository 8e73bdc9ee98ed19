"""Who may read what a restore writes, whose it is, and who is waited for."""

import fcntl
import os
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.backups.conftest import command, into_sqlite, on_sqlite
from webapp.backups import BackupError, restoring
from webapp.backups.archive import written_whole
from webapp.extensions import db


def database_of(app):
    with app.app_context():
        return Path(db.engine.url.database)


def test_a_backup_that_was_done_a_moment_ago_is_not_taken_for_what_is_left_of_one(tmp_path, monkeypatch):
    path, real = tmp_path / "site.backup", fcntl.flock

    def ends_just_then(file, kind):
        # The other one had the lock while this one opened the file.
        path.with_name("site.backup.part").write_bytes(b"whole")
        path.with_name("site.backup.part").rename(path)
        real(file, kind)

    monkeypatch.setattr(fcntl, "flock", ends_just_then)
    with pytest.raises(BackupError, match="by another backup just now"), written_whole(path, overwrite=True):
        pass
    assert path.read_bytes() == b"whole"


@on_sqlite
@into_sqlite
def test_what_is_restored_is_for_its_owner_alone_also_while_it_is_written(backed_up, target, monkeypatch):
    path, modes, real = database_of(target), [], restoring._refuse_difference

    def look(*about):
        modes.append(stat.S_IMODE(path.with_name(f"{path.name}.restoring").stat().st_mode))
        real(*about)

    monkeypatch.setattr(restoring, "_refuse_difference", look)
    # Whatever a restore left that was killed, or somebody put there for it.
    elsewhere = path.with_name("elsewhere")
    elsewhere.write_text("theirs")
    path.with_name(f"{path.name}.restoring").symlink_to(elsewhere)
    assert command(target, "restore", str(backed_up)).exit_code == 0
    modes.append(stat.S_IMODE(path.stat().st_mode))
    path.chmod(0o640)
    assert command(target, "restore", str(backed_up), "--replace").exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o640, "as its owner had it"
    assert modes == [0o600] * 3
    assert elsewhere.read_text() == "theirs"


@on_sqlite
@into_sqlite
def test_what_is_restored_is_given_to_whoever_has_the_folder_and_so_is_its_lock(backed_up, target, monkeypatch):
    path, given = database_of(target), {}
    if os.geteuid() == 0:
        os.chown(path.parent, 12_345, 12_345)
    monkeypatch.setattr(os, "fchown", lambda _number, *owner: given.setdefault(path.name, owner))
    monkeypatch.setattr(os, "chown", lambda name, *owner, follow_symlinks: given.setdefault(name.name, owner))
    assert command(target, "restore", str(backed_up)).exit_code == 0
    about = path.parent.stat()
    assert given == dict.fromkeys((path.name, f"{path.name}.lock"), (about.st_uid, about.st_gid))


@on_sqlite
@pytest.mark.parametrize("other_databases", ["postgresql"], indirect=True)
def test_somebody_who_has_just_gone_is_waited_for(backed_up, target, monkeypatch):
    with target.app_context():
        engine = sa.create_engine(db.engine.url, poolclass=sa.NullPool)
    connection = engine.connect()
    # As the connections of a site that was stopped do, which the server counts for a moment longer.
    monkeypatch.setattr("webapp.backups.targets.time.sleep", lambda _seconds: connection.close())
    result = command(target, "restore", str(backed_up))
    connection.close()
    assert result.exit_code == 0, result.output
