"""Whose the files are that a restore writes, and who else can read them: nobody."""

import os
import stat

from tests.backups.test_refusals import command, database_of, into_sqlite, on_sqlite
from webapp.backups import restoring


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
