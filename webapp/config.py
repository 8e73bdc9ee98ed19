"""Configuration from the environment.

Every wrong value stops the start with one sentence that names the variable and
says what it should be. Values are never repeated in that sentence: a URL may
hold a password.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import maxminddb
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent.parent
SECRET_KEY_CHARACTERS = 32
METRICS_TOKEN_CHARACTERS = 16
LONGEST_HOST = 253
# A click waits in its thread for the commit that it shares with others: so many of them share one at the most.
SERVER_THREADS = 32
DEFAULT_BASE_URL = "http://127.0.0.1:8000"
# What an Authorization header can carry.
_TOKEN = re.compile(rf"[!-~]{{{METRICS_TOKEN_CHARACTERS},}}")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


class ConfigError(Exception):
    """A variable of the environment is wrong; the message is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Config:
    """What the environment says, checked."""

    production: bool
    database_url: URL
    secret_key: str
    base_url: str
    base_url_given: bool
    mail_url: str
    trusted_proxies: int
    rate_limit_url: str
    metrics_token: str
    country_database: str
    # Whether admins have to sign in with a code as well.
    admin_second_factor_required: bool
    security_contact: str
    instance: Path

    @property
    def host(self) -> str:
        """The host name of `base_url`, without its port."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def own_hosts(self) -> list[str]:
        """The host names, or addresses without brackets, that a request may be for."""
        local = [] if self.production else ["localhost", "127.0.0.1"]
        return [self.host, *(name for name in local if name != self.host)]

    @property
    def secure(self) -> bool:
        """Whether cookies travel over HTTPS only."""
        return self.production


def load_config(environ: Mapping[str, str], *, root: Path = ROOT) -> Config:
    """Read and check the environment. Raises ConfigError for the first variable that is wrong."""
    production = _production(environ.get("GRAPEVINE_ENV", ""))
    instance = root / "instance"
    base_url = environ.get("BASE_URL", "")
    return Config(
        production=production,
        database_url=_database_url(environ.get("DATABASE_URL", ""), instance),
        secret_key=_secret_key(environ.get("SECRET_KEY", ""), production, instance),
        base_url=_base_url(base_url) if base_url else DEFAULT_BASE_URL,
        base_url_given=bool(base_url),
        mail_url=_mail_url(environ.get("MAIL_URL", "") or "console:"),
        trusted_proxies=_trusted_proxies(environ.get("TRUSTED_PROXIES", "") or "0"),
        rate_limit_url=_rate_limit_url(environ.get("RATE_LIMIT_URL", "") or "memory://"),
        metrics_token=_metrics_token(environ.get("METRICS_TOKEN", "")),
        country_database=_country_database(environ.get("COUNTRY_DATABASE", "")),
        admin_second_factor_required=_is_required(environ.get("ADMIN_SECOND_FACTOR", ""), production),
        security_contact=_security_contact(environ.get("SECURITY_CONTACT", "")),
        instance=instance,
    )


def _production(value: str) -> bool:
    if value not in {"", "production", "development"}:
        raise ConfigError('GRAPEVINE_ENV must be "production" or "development".')
    return value != "development"


def _database_url(value: str, instance: Path) -> URL:
    wanted = (
        "DATABASE_URL must be sqlite:///path/to/file.db or postgresql://user:password@host:port/name"
        " (postgres:// is accepted too)."
    )
    if not value:
        return URL.create("sqlite", database=str(instance / "grapevine.db"))
    scheme, separator, rest = value.partition("://")
    if not separator:
        raise ConfigError(wanted)
    if scheme in {"postgres", "postgresql", "postgresql+psycopg"}:
        scheme = "postgresql+psycopg"
    elif scheme != "sqlite":
        raise ConfigError(wanted)
    try:
        url = make_url(f"{scheme}://{rest}")
    except (ArgumentError, ValueError) as error:
        raise ConfigError(wanted) from error
    if not url.database or url.database == ":memory:":
        raise ConfigError(f"{wanted} It must name a database: nothing can be kept in memory.")
    if scheme == "sqlite":
        # A relative path means the project's folder, wherever the command was started.
        path = instance.parent / url.database
        if _is_folder(path) or url.database.endswith("/"):
            raise ConfigError(f"{wanted} It must name a file, not a folder.")
        url = url.set(database=str(path))
    return url


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:
        raise ConfigError(f"DATABASE_URL must name a file that can be reached ({error.strerror}).") from error


def _secret_key(value: str, production: bool, instance: Path) -> str:
    if value:
        if len(value.strip()) < SECRET_KEY_CHARACTERS and production:
            raise ConfigError(f"SECRET_KEY must have at least {SECRET_KEY_CHARACTERS} characters.")
        return value
    if production:
        raise ConfigError(
            f"SECRET_KEY must be set to at least {SECRET_KEY_CHARACTERS} random characters in production"
            " (for development set GRAPEVINE_ENV=development)."
        )
    return kept_secret(instance / "secret-key", octets=48)


def kept_secret(path: Path, *, octets: int) -> str:
    """Return a secret of this machine, random when it is made the first time and readable by its owner alone.

    Several processes may ask at once and get the same.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = secrets.token_urlsafe(octets)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        kept = file.read().strip()
        if not kept:
            file.write(drawn)
    return kept or drawn


def _base_url(value: str) -> str:
    wanted = "BASE_URL must be an origin such as https://friends.example.com: http or https, a host, no path."
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise ConfigError(wanted) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or not _is_origin(parts):
        raise ConfigError(wanted)
    try:
        host = _host(parts.hostname)
    except ValueError as error:
        raise ConfigError(wanted) from error
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def _is_origin(parts: SplitResult) -> bool:
    return not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)


def _host(name: str) -> str:
    """Return a host as browsers send it: in ASCII, an IPv6 address in its short form and in brackets.

    Raises ValueError for what cannot be one.
    """
    if ":" in name:
        address = IPv6Address(name)
        if address.scope_id is not None:
            raise ValueError("an address that only this machine understands")
        return f"[{address.compressed}]"
    name = name.removesuffix(".").encode("idna").decode("ascii")
    labels = name.split(".")
    if len(name) > LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("a name that no server can have")
    return str(IPv4Address(name)) if labels[-1].isdigit() else name


def _mail_url(value: str) -> str:
    wanted = "MAIL_URL must be smtp://user:password@host:port, console: or file:DIR."
    if value == "console:":
        return value
    scheme, _colon, rest = value.partition(":")
    if scheme == "file" and rest:
        if not _can_hold_files(Path(rest)):
            raise ConfigError("MAIL_URL must name a folder that is there or can be made, and can be written to.")
    elif scheme == "smtp":
        _checked_server(value, wanted)
    else:
        raise ConfigError(wanted)
    return value


def _can_hold_files(folder: Path) -> bool:
    """Say whether files can be put into a folder, now or once it is made."""
    folder = folder.absolute()
    try:
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    except OSError:
        # A name that is too long, for one.
        return False
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _checked_server(url: str, wanted: str) -> SplitResult:
    """Return the parts of a URL that names a server. Raises ConfigError(wanted) without one, or with no port at all."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(wanted) from error
    if not parts.hostname or port == 0:
        raise ConfigError(wanted)
    return parts


def _trusted_proxies(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 2 and int(value) <= 10):
        raise ConfigError("TRUSTED_PROXIES must be the number of proxies in front of the site, 0 to 10.")
    return int(value)


def _rate_limit_url(value: str) -> str:
    wanted = "RATE_LIMIT_URL must be a Redis or Valkey URL such as redis://host:6379/0."
    if value == "memory://":
        return value
    if not value.startswith(("redis://", "rediss://", "valkey://")):
        raise ConfigError(wanted)
    number = _checked_server(value, wanted).path.strip("/")
    if number and not (number.isascii() and number.isdigit()):
        raise ConfigError(wanted)
    # The store speaks one protocol under both names.
    return value.replace("valkey://", "redis://", 1) if value.startswith("valkey://") else value


def _metrics_token(value: str) -> str:
    if value and not _TOKEN.fullmatch(value):
        raise ConfigError(
            f"METRICS_TOKEN must be {METRICS_TOKEN_CHARACTERS} or more letters, digits and signs, without spaces."
        )
    return value


def _is_required(value: str, production: bool) -> bool:
    if value not in {"", "required", "optional"}:
        raise ConfigError('ADMIN_SECOND_FACTOR must be "required" or "optional".')
    return value == "required" or (not value and production)


def _country_database(value: str) -> str:
    if value:
        try:
            maxminddb.open_database(value).close()
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            raise ConfigError(
                "COUNTRY_DATABASE must be the path of a database in MaxMind's format (.mmdb) that can be read."
            ) from error
    return value


def _security_contact(value: str) -> str:
    wanted = "SECURITY_CONTACT must be mailto:security@example.com or an address with https://, in ASCII."
    if not value:
        return value
    if not value.isascii() or not value.isprintable() or any(sign in value for sign in " <>\"'"):
        raise ConfigError(wanted)
    scheme, _colon, rest = value.partition(":")
    if scheme == "mailto":
        local, at, domain = rest.partition("?")[0].rpartition("@")
        if not (local and at and "." in domain):
            raise ConfigError(wanted)
    elif scheme != "https" or "@" in _checked_server(value, wanted).netloc:
        raise ConfigError(wanted)
    return value
