"""`keys create`: keys of the API, from the command line."""

import pytest
from sqlalchemy import select

from webapp.extensions import db
from webapp.models import ApiKey, AuditEntry
from webapp.queries.keys import find_live_key
from webapp.services.keys import key_hash


@pytest.fixture
def create(app):
    return lambda *arguments: app.test_cli_runner().invoke(args=["keys", "create", *arguments])


def keys(app):
    with app.app_context():
        return db.session.scalars(select(ApiKey)).all()


@pytest.mark.parametrize(
    ("options", "scope", "may"),
    [
        pytest.param([], "write", "may read and write.", id="by itself"),
        pytest.param(["--scope", "write"], "write", "may read and write.", id="write"),
        pytest.param(["--scope", "read"], "read", "may read.", id="read"),
    ],
)
def test_the_secret_stands_alone_on_the_last_line_and_opens_the_api(app, create, options, scope, may):
    result = create("shop", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    said, secret = result.stdout.splitlines()
    assert may in said
    assert secret.startswith("gvk_")
    with app.app_context():
        key = find_live_key(db.session(), key_hash(secret))
    assert (key.name, key.scope, key.revoked_at) == ("shop", scope, None)


def test_the_secret_is_shown_once_and_stored_nowhere(app, create):
    secret = create("shop").stdout.splitlines()[-1]
    (key,) = keys(app)
    assert not any(secret in str(getattr(key, column.name)) for column in ApiKey.__table__.columns)
    # 256 bits in base64.
    assert len(secret.removeprefix("gvk_")) == 43


def test_every_key_has_a_secret_of_its_own_also_under_one_name(app, create):
    assert len({create("shop").stdout.splitlines()[-1] for _ in range(3)}) == 3
    assert [key.name for key in keys(app)] == ["shop"] * 3


def test_spaces_around_a_name_are_left_out(app, create):
    assert create("  Our shop ").exit_code == 0
    assert [key.name for key in keys(app)] == ["Our shop"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param([], "Missing argument 'NAME'", id="no name"),
        pytest.param([""], "NAME must be 1 to 80 characters", id="an empty name"),
        pytest.param(["  "], "NAME must be 1 to 80 characters", id="nothing but spaces"),
        pytest.param(["x" * 81], "NAME must be 1 to 80 characters", id="a long name"),
        pytest.param(["two\nlines"], "NAME must be 1 to 80 characters", id="two lines"),
        pytest.param(["shop", "--scope", "admin"], "'admin' is not one of", id="no such scope"),
        pytest.param(["shop", "--scope", "READ"], "'READ' is not one of", id="a scope in capitals"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_and_nothing_is_written(app, create, arguments, sentence):
    result = create(*arguments)
    assert result.exit_code != 0
    assert sentence in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""
    assert keys(app) == []


def test_making_a_key_is_kept_in_the_audit_log_without_its_name(app, create):
    create("shop")
    (key,) = keys(app)
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject_id, entry.actor) == ("key_created", key.id, "command")
    assert entry.details == {"scope": "write"}


def test_the_longest_name_is_taken(app, create):
    assert create("x" * 80).exit_code == 0
    assert [len(key.name) for key in keys(app)] == [80]
