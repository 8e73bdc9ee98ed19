"""`users`: people, from the command line."""

from uuid import UUID
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from tests import factories
from tests.phones import phone_of
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import AuditEntry, Link, User
from webapp.passwords import verify_password


@pytest.fixture
def create(app):
    """Run `users create` with these arguments and this standard input."""

    def run(*arguments, typed=None):
        return app.test_cli_runner().invoke(args=["users", "create", *arguments], input=typed)

    return run


def people(app):
    with app.app_context():
        return db.session.scalars(select(User).order_by(User.created_at)).all()


@pytest.mark.parametrize("role", ["referrer", "marketer", "admin"])
def test_a_person_is_made_verified_in_each_role_and_the_id_stands_alone_on_the_last_line(app, create, role):
    result = create("Marta.Voss@Example.org", "--name", "Marta  Voss", "--role", role)
    assert result.exit_code == 0, result.output
    (marta,) = people(app)
    assert UUID(result.stdout.splitlines()[-1]) == marta.id
    assert (marta.name, marta.role, marta.email_key) == ("Marta Voss", role, "marta.voss@example.org")
    assert marta.email_verified_at == marta.created_at
    assert (marta.password_hash, marta.referred_by) == (None, None)
    with app.app_context():
        assert db.session.scalars(select(Link)).one().referrer_id == marta.id


def test_making_an_account_is_kept_in_the_audit_log_without_a_name(app, create):
    create("ada@example.org", "--name", "Ada", "--role", "admin")
    (ada,) = people(app)
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject_id, entry.actor) == ("person_created", ada.id, "command")
    assert entry.details == {"role": "admin"}


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_the_password_is_read_from_standard_input(app, create, end):
    result = create("ada@example.org", "--name", "Ada", "--role", "admin", "--password-stdin", typed=f" long one {end}")
    assert result.exit_code == 0, result.output
    assert "long one" not in result.output
    (ada,) = people(app)
    with app.app_context():
        assert verify_password(ada.password_hash, " long one ")
        assert not verify_password(ada.password_hash, "long one")


@pytest.mark.parametrize(
    ("arguments", "typed", "sentence"),
    [
        pytest.param(["nobody", "--name", "Ada", "--role", "admin"], None, "EMAIL must be", id="no address"),
        pytest.param(["ada@", "--name", "Ada", "--role", "admin"], None, "EMAIL must be", id="half an address"),
        pytest.param(["ada@example.org", "--name", " ", "--role", "admin"], None, "--name must be", id="no name"),
        pytest.param(
            ["ada@example.org", "--name", "ada@example.org", "--role", "admin"],
            None,
            "--name must be",
            id="a name with @",
        ),
        pytest.param(["ada@example.org", "--name", "Ada", "--role", "owner"], None, "'owner' is not one of", id="role"),
        pytest.param(["ada@example.org", "--name", "Ada"], None, "Missing option '--role'", id="no role"),
        pytest.param(
            ["ada@example.org", "--name", "Ada", "--role", "admin", "--password-stdin"],
            "short\n",
            "The password must have 8 to 256 characters",
            id="a short password",
        ),
        pytest.param(
            ["ada@example.org", "--name", "Ada", "--role", "admin", "--password-stdin"],
            "",
            "The password must have 8 to 256 characters",
            id="no password where one was announced",
        ),
        pytest.param(
            ["ada@example.org", "--name", "Ada", "--role", "admin", "--password-stdin"],
            "x" * 257 + "\n",
            "The password must have 8 to 256 characters",
            id="a long password",
        ),
        pytest.param(
            ["ada@example.org", "--name", "Ada", "--role", "admin", "--password-stdin"],
            b"a long \xff password\n",
            "The password must be text in UTF-8.",
            id="a password that is no text",
        ),
        pytest.param(
            ["ada@example.org", "--name", "Ada", "--role", "admin", "--password-stdin"],
            b"password1\n",
            "The password is one that many people use",
            id="a common password",
        ),
        pytest.param(
            ["ada@example.org", "--name", "Ada Okafor", "--role", "admin", "--password-stdin"],
            b"AdaOkafor\n",
            "The password is made of the person's name",
            id="the name as the password",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_and_nothing_is_written(app, create, arguments, typed, sentence):
    result = create(*arguments, typed=typed)
    assert result.exit_code != 0
    assert sentence in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""
    assert people(app) == []


def test_an_address_that_has_an_account_is_refused_in_any_spelling(app, create):
    with app.app_context(), write_transaction() as session:
        factories.person(session, email="ada@example.org", name="Ada Okafor")
    result = create("ADA@Example.ORG", "--name", "Eve", "--role", "admin")
    assert result.exit_code != 0
    assert "EMAIL has an account already; nothing was changed." in result.stderr
    assert [(user.name, user.role) for user in people(app)] == [("Ada Okafor", "referrer")]


def test_a_second_factor_is_turned_off_and_that_is_kept(app):
    with app.app_context(), write_transaction() as session:
        factories.person(session, email="ada@example.org")
    phone_of(app, "ada@example.org")
    off = ["users", "second-factor-off"]
    first, second, nobody = (
        app.test_cli_runner().invoke(args=[*off, email])
        for email in ("Ada@Example.org", "ada@example.org", "nobody@example.org")
    )
    assert (first.exit_code, second.exit_code, nobody.exit_code) == (0, 1, 1)
    (ada,) = people(app)
    assert ada.second_factor_since is None
    with app.app_context():
        acts = db.session.execute(select(AuditEntry.action, AuditEntry.actor)).all()
    assert acts == [("second_factor_on", "person"), ("second_factor_off", "command")]


def test_an_account_is_given_to_another_mailbox_also_that_of_an_admin(app, create):
    create("ada@example.org", "--name", "Ada", "--role", "admin", "--password-stdin", typed=b"a long sentence\n")
    create("bob@example.org", "--name", "Bob", "--role", "referrer")
    for who, email, sentence in (
        ("ada@example.org", "bob@example.org", "EMAIL has an account already; nothing was changed."),
        ("ada@example.org", "ada", "EMAIL must be an e-mail address"),
        ("nobody@example.org", "ada@new.example", "WHO must be"),
    ):
        refused = app.test_cli_runner().invoke(args=["users", "give-address", who, email])
        assert (refused.exit_code, sentence in refused.stderr) == (1, True), refused.output
    given = app.test_cli_runner().invoke(args=["users", "give-address", "ada@example.org", "ada@new.example"])
    assert given.exit_code == 0, given.output
    ada = people(app)[0]
    assert (ada.email, ada.password_hash, ada.email_verified_at) == ("ada@new.example", None, None)


def test_all_that_is_kept_of_a_person_is_written_once_and_their_erasure_asks_first(app, create, tmp_path):
    create("ada@example.org", "--name", "Ada", "--role", "admin")
    create("bob@example.org", "--name", "Bob Zimmer", "--role", "referrer")
    run, file = app.test_cli_runner().invoke, tmp_path / "bob.zip"
    assert run(args=["users", "export", "bob@example.org", str(file)]).exit_code == 0
    assert file.stat().st_mode & 0o077 == 0
    with ZipFile(file) as kept:
        assert "Bob Zimmer" in kept.read("data.json").decode()
    assert "is there already" in run(args=["users", "export", "bob@example.org", str(file)]).output
    nowhere = run(args=["users", "export", "bob@example.org", str(tmp_path / "nowhere" / "bob.zip")])
    assert (nowhere.exit_code, "cannot be written (No such file or directory)" in nowhere.output) == (1, True)
    with app.app_context():
        acts = db.session.scalars(select(AuditEntry.action).where(AuditEntry.action == "person_exported")).all()
    assert len(acts) == 1, "nothing is said to have been handed out that was not"
    _ada, bob = people(app)
    assert run(args=["users", "erase", str(bob.id)], input="n\n").exit_code == 1
    assert people(app)[1].erased_at is None
    assert run(args=["users", "erase", str(bob.id), "--yes"]).exit_code == 0
    assert people(app)[1].name == "Someone who left"
    assert "only admin left" in run(args=["users", "erase", "ada@example.org", "--yes"]).output
    assert "with an account" in run(args=["users", "erase", str(bob.id), "--yes"]).output
