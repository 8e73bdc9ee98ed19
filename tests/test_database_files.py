"""Who may read what SQLite writes into its folder."""

import stat

from sqlalchemy import text

from tests.databases import FAST, config_for
from webapp import create_app
from webapp.database import close_connections, write_transaction
from webapp.extensions import db

# Whoever may open the lock may also hold it, and keep everybody from writing.
FILES = ("new.db", "new.db-wal", "new.db.lock")


def test_a_new_file_and_what_stands_beside_it_are_for_their_owner_alone(tmp_path):
    path = tmp_path / "new.db"
    app = create_app(config_for(f"sqlite:///{path}", tmp_path), **FAST)
    with app.app_context():
        with write_transaction() as session:
            session.execute(text("CREATE TABLE one (id INTEGER)"))
        modes = {name: stat.S_IMODE(path.with_name(name).stat().st_mode) for name in FILES}
        path.chmod(0o640)
        close_connections()
        db.session.execute(text("SELECT count(*) FROM one"))
        assert stat.S_IMODE(path.stat().st_mode) == 0o640, "as whoever runs the site wants it"
        db.session.remove()
        close_connections()
    assert set(modes.values()) == {0o600}
