"""Configuration from the environment."""

import stat

import pytest

from webapp import config
from webapp.config import DEFAULT_BASE_URL, ConfigError, load_config

LONG = "k" * 32
# Stands in every wrong value, and must never be said.
SECRET = "hunter2"

WRONG = {
    "GRAPEVINE_ENV": ["prod", "Development", "development ", SECRET],
    "DATABASE_URL": [
        "sqlite:////" + SECRET * 50,
        SECRET,
        f"mysql://ada:{SECRET}@db/name",
        f"postgresql+asyncpg://ada:{SECRET}@db/name",
        f"postgresql://ada:{SECRET}@db",
        f"postgresql://ada:{SECRET}@db:port/name",
        f"sqlite:{SECRET}.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        f"://{SECRET}",
        "sqlite:////dev",
        "sqlite:////",
        "sqlite:///data/",
    ],
    "BASE_URL": [
        SECRET,
        f"friends.example.com/{SECRET}",
        f"ftp://friends.example.com/{SECRET}",
        f"https://friends.example.com/{SECRET}",
        f"https://friends.example.com?{SECRET}",
        f"https://friends.example.com#{SECRET}",
        f"https://ada:{SECRET}@friends.example.com",
        f"https://{SECRET} .example.com",
        "https://friends.example.com:port",
        "https://friends.example.com:99999",
        "https://",
        "https://:8000",
        "https://[::1",
        "https://[::1%25eth0]",
        f"https://{SECRET}%20ample.com",
        f"https://{SECRET}<.com",
        f"https://{SECRET}_name.com",
        f"https://-{SECRET}.com",
        f"https://{SECRET}..com",
        "https://192.0.2.256",
        "https://x:0",
        "https://@friends.example.com",
        "https://" + ".".join(["a" * 60] * 5),
    ],
    "MAIL_URL": [
        SECRET,
        f"imap://ada:{SECRET}@mail.example.com",
        f"smtps://ada:{SECRET}@mail.example.com",
        f"smtp:{SECRET}",
        f"smtp://ada:{SECRET}@",
        f"smtp://ada:{SECRET}@mail.example.com:port",
        f"smtp://ada:{SECRET}@mail.example.com:99999",
        "file:",
        "smtp://",
        "smtp://mail.example.com:0",
        f"console:{SECRET}",
        "console://",
        f"file:/dev/null/{SECRET}",
        "file:/dev/null",
        "file:/" + SECRET * 50,
    ],
    "TRUSTED_PROXIES": ["-1", "11", "1.5", "one", "true", "١", "²", " 1", SECRET, "9" * 5000],
    "RATE_LIMIT_URL": [
        SECRET,
        f"mysql://ada:{SECRET}@db",
        "redis",
        "http://cache:6379",
        "redis://",
        "redis:///0",
        f"redis://ada:{SECRET}@",
        f"redis://ada:{SECRET}@cache:port",
        f"redis://ada:{SECRET}@cache:0",
        f"redis://cache/{SECRET}",
        "redis://[::1",
        f"memory://{SECRET}",
    ],
    "COUNTRY_DATABASE": [SECRET, f"/dev/null/{SECRET}", "/", "/dev/null", __file__, f"{SECRET}\0"],
    "ADMIN_SECOND_FACTOR": [SECRET, "Required", "yes", "optional "],
    "SECURITY_CONTACT": [
        SECRET,
        f"mailto:{SECRET}",
        f"mailto:@{SECRET}.com",
        f"http://{SECRET}.com",
        "https://",
        f"https://ada:{SECRET}@example.com",
        f"https://example.com/ {SECRET}",
        f"mailto:ö@{SECRET}.com",
    ],
    "METRICS_TOKEN": [SECRET, f"{SECRET} {SECRET} {SECRET}", f"{SECRET}\n{SECRET}{SECRET}", f"{SECRET * 3}é"],
}


@pytest.fixture
def load(tmp_path):
    """Load a configuration whose folder is the test's own."""
    return lambda **environ: load_config(environ, root=tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [pytest.param(name, value, id=f"{name} {value[:40]}") for name, values in WRONG.items() for value in values],
)
@pytest.mark.parametrize("environment", ["production", "development"])
def test_a_wrong_value_is_named_and_never_repeated(load, name, value, environment):
    with pytest.raises(ConfigError) as refused:
        load(**{"GRAPEVINE_ENV": environment, "SECRET_KEY": LONG, name: value})
    sentence = str(refused.value)
    assert sentence.startswith(f"{name} ")
    assert sentence.endswith((".", ")."))
    assert "\n" not in sentence
    assert SECRET not in sentence


def test_every_variable_has_a_default_in_development(load, tmp_path):
    made = load(GRAPEVINE_ENV="development")
    assert not made.production
    assert made.database_url.render_as_string() == f"sqlite:///{tmp_path}/instance/grapevine.db"
    assert made.base_url == DEFAULT_BASE_URL
    assert not made.base_url_given
    assert (made.mail_url, made.trusted_proxies, made.rate_limit_url) == ("console:", 0, "memory://")
    assert made.instance == tmp_path / "instance"


def test_an_empty_variable_is_one_that_is_not_set(load):
    names = (
        "DATABASE_URL",
        "SECRET_KEY",
        "BASE_URL",
        "MAIL_URL",
        "TRUSTED_PROXIES",
        "RATE_LIMIT_URL",
        "METRICS_TOKEN",
        "COUNTRY_DATABASE",
        "ADMIN_SECOND_FACTOR",
    )
    empty = load(GRAPEVINE_ENV="development", **dict.fromkeys(names, ""))
    assert empty == load(GRAPEVINE_ENV="development")


@pytest.mark.parametrize("environment", [{}, {"GRAPEVINE_ENV": ""}, {"GRAPEVINE_ENV": "production"}])
def test_it_is_production_unless_said_otherwise(load, environment):
    made = load(**environment, SECRET_KEY=LONG)
    assert made.production
    assert made.secure


@pytest.mark.parametrize(
    "key",
    [{}, {"SECRET_KEY": ""}, {"SECRET_KEY": "k" * 31}, {"SECRET_KEY": " " * 40}, {"SECRET_KEY": "kkk" + " " * 40}],
    ids=["none", "empty", "short", "spaces", "short with spaces"],
)
def test_production_refuses_to_start_without_a_long_secret_key(load, tmp_path, key):
    with pytest.raises(ConfigError, match=r"^SECRET_KEY must .*32") as refused:
        load(**key)
    assert "kkk" not in str(refused.value)
    assert not (tmp_path / "instance" / "secret-key").exists()


def test_production_takes_a_secret_key_of_32_characters(load):
    assert load(SECRET_KEY=LONG).secret_key == LONG


def test_development_makes_a_secret_key_and_keeps_it_for_its_owner_alone(load, tmp_path):
    made = load(GRAPEVINE_ENV="development").secret_key
    assert len(made) >= 32
    file = tmp_path / "instance" / "secret-key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load(GRAPEVINE_ENV="development").secret_key == made


def test_two_starts_at_the_same_moment_agree_on_one_secret_key(load, monkeypatch):
    draw, inner = config.secrets.token_urlsafe, []

    def draw_while_another_starts(length):
        monkeypatch.setattr(config.secrets, "token_urlsafe", draw)
        inner.append(load(GRAPEVINE_ENV="development").secret_key)
        return draw(length)

    monkeypatch.setattr(config.secrets, "token_urlsafe", draw_while_another_starts)
    outer = load(GRAPEVINE_ENV="development").secret_key
    assert len(outer) >= 32
    assert inner == [outer]


def test_a_secret_key_that_was_left_empty_is_made_anew(load, tmp_path):
    file = tmp_path / "instance" / "secret-key"
    file.parent.mkdir()
    file.touch(mode=0o600)
    made = load(GRAPEVINE_ENV="development").secret_key
    assert len(made) >= 32
    assert load(GRAPEVINE_ENV="development").secret_key == made


def test_a_given_secret_key_makes_no_file(load, tmp_path):
    assert load(GRAPEVINE_ENV="development", SECRET_KEY="short").secret_key == "short"
    assert not (tmp_path / "instance" / "secret-key").exists()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_understood_in_each_of_its_spellings(load, scheme):
    url = load(SECRET_KEY=LONG, DATABASE_URL=f"{scheme}://ada:p%40ss@db:5433/grapevine?sslmode=require").database_url
    assert (url.drivername, url.username, url.password) == ("postgresql+psycopg", "ada", "p@ss")
    assert (url.host, url.port, url.database, url.query) == ("db", 5433, "grapevine", {"sslmode": "require"})


def test_an_sqlite_path_is_relative_to_the_project_wherever_the_command_was_started(load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path.parent)
    assert load(SECRET_KEY=LONG, DATABASE_URL="sqlite:///data/my.db").database_url.database == f"{tmp_path}/data/my.db"
    absolute = f"{tmp_path}/elsewhere/my.db"
    assert load(SECRET_KEY=LONG, DATABASE_URL=f"sqlite:///{absolute}").database_url.database == absolute


@pytest.mark.parametrize(
    ("given", "base_url", "host"),
    [
        ("https://friends.example.com", "https://friends.example.com", "friends.example.com"),
        ("https://Friends.Example.COM/", "https://friends.example.com", "friends.example.com"),
        ("http://localhost:8000", "http://localhost:8000", "localhost"),
        ("http://[::1]:8000", "http://[::1]:8000", "::1"),
        ("http://[2001:DB8:0:0::7]", "http://[2001:db8::7]", "2001:db8::7"),
        ("https://friends.example.com.", "https://friends.example.com", "friends.example.com"),
        ("https://Müller.example", "https://xn--mller-kva.example", "xn--mller-kva.example"),
        ("http://grapevine", "http://grapevine", "grapevine"),
        ("http://192.0.2.7", "http://192.0.2.7", "192.0.2.7"),
    ],
)
def test_the_base_url_is_one_origin(load, given, base_url, host):
    made = load(SECRET_KEY=LONG, BASE_URL=given)
    assert (made.base_url, made.host, made.base_url_given) == (base_url, host, True)
    assert made.own_hosts == [host]


def test_a_development_machine_is_also_reached_by_its_local_names(load):
    made = load(GRAPEVINE_ENV="development", BASE_URL="http://grapevine.test:8000")
    assert made.own_hosts == ["grapevine.test", "localhost", "127.0.0.1"]
    assert load(GRAPEVINE_ENV="development", BASE_URL="http://localhost").own_hosts == ["localhost", "127.0.0.1"]


@pytest.mark.parametrize(
    "value",
    ["console:", "file:mail", "file:{folder}/mail", "smtp://mail.example.com", "smtp://a:b%40c@mail.example.com:587"],
)
def test_mail_goes_by_each_of_its_ways(load, tmp_path, value):
    value = value.format(folder=tmp_path)
    assert load(SECRET_KEY=LONG, MAIL_URL=value).mail_url == value


def test_mail_goes_into_no_folder_that_cannot_be_made(load, tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "mail"):
        with pytest.raises(ConfigError, match=r"^MAIL_URL must"):
            load(SECRET_KEY=LONG, MAIL_URL=f"file:{folder}")


@pytest.mark.parametrize(("value", "count"), [("0", 0), ("1", 1), ("10", 10)])
def test_the_number_of_proxies(load, value, count):
    assert load(SECRET_KEY=LONG, TRUSTED_PROXIES=value).trusted_proxies == count


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("memory://", "memory://"),
        ("redis://cache:6379/0", "redis://cache:6379/0"),
        ("rediss://cache:6379/0", "rediss://cache:6379/0"),
        ("rediss://:secret@cache?ssl_cert_reqs=none", "rediss://:secret@cache?ssl_cert_reqs=none"),
        ("valkey://cache:6379/0", "redis://cache:6379/0"),
    ],
)
def test_rate_limits_are_kept_where_they_are_said_to_be(load, value, url):
    assert load(SECRET_KEY=LONG, RATE_LIMIT_URL=value).rate_limit_url == url


@pytest.mark.parametrize(
    ("environment", "value", "required"),
    [
        ("production", "", True),
        ("development", "", False),
        ("production", "optional", False),
        ("development", "required", True),
    ],
)
def test_admins_need_a_second_factor_in_production_unless_said_otherwise(load, environment, value, required):
    made = load(GRAPEVINE_ENV=environment, SECRET_KEY=LONG, ADMIN_SECOND_FACTOR=value)
    assert made.admin_second_factor_required is required
