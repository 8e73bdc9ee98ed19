"""What is kept of how a visitor came. Headers and query fields are hostile: cut, and cleaned of control characters."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from flask import Flask, has_request_context
from sqlalchemy.exc import SQLAlchemyError

from webapp.clicks.addresses import AddressKey, address_key, hashes_of
from webapp.clicks.countries import countries_of
from webapp.clicks.destinations import UTM_FIELDS
from webapp.clicks.families import families_of
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.logs import log
from webapp.network import says_where
from webapp.services.address_salts import IN_FORCE, current_salt, ensure_salt, living_salts
from webapp.services.clicks import Visit
from webapp.services.sightings import Seen

LONGEST_FIELD = 100
LONGEST_HOST = 253
LONGEST_URL = 2_000
MOST_FIELDS = 200


class VisitReader:
    """Reads visits for one application: with its countries, and with the key in force for addresses."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._countries = countries_of(app)
        self._key: AddressKey | None = None

    def read(
        self, environ: Mapping[str, Any], query: Mapping[str, str], *, source_url: str | None, now: datetime
    ) -> Visit:
        """Return what is kept of a request.

        `query` holds the first value of each field of the page's address,
        `source_url` is where the visitor came from.
        """
        address: str = environ.get("REMOTE_ADDR") or ""
        families = families_of(environ.get("HTTP_USER_AGENT", ""))
        key = self._key_at(now) if address else None
        address_hash, network_hash = hashes_of(address, key) if key else (None, None)
        return Visit(
            source_host=_source_host(source_url[:LONGEST_URL]) if source_url else None,
            utm_source=_clean(query.get("utm_source")),
            utm_medium=_clean(query.get("utm_medium")),
            utm_campaign=_clean(query.get("utm_campaign")),
            browser=families.browser,
            device=families.device,
            country=self._countries.country_of(address),
            address_hash=address_hash,
            network_hash=network_hash,
        )

    def see(self, address: str | None, user_agent: str | None, *, visitor_id: UUID | None, now: datetime) -> Seen:
        """Return what is kept of somebody who signs up or in. Not within a write transaction: it may need one.

        An address that says nothing of where they are is not compared with others, but looked up in the lists.
        """
        families = families_of(user_agent or "")
        keys = self._living_keys(now) if address and says_where(address) else []
        return Seen(
            visitor_id=visitor_id,
            browser=families.browser,
            device=families.device,
            hashes=tuple(hashes_of(address, key) for key in keys) if address else (),
            address=address,
        )

    def _living_keys(self, now: datetime) -> list[AddressKey]:
        """Return the keys with which stored hashes can still be compared, the one in force first."""
        if self._key_at(now) is None:
            return []
        with self._context():
            return [address_key(self._app.config["SECRET_KEY"], salt) for salt in living_salts(db.session(), now)]

    def _key_at(self, now: datetime) -> AddressKey | None:
        """Return the key in force; None while the database, which has its salt, is away."""
        key = self._key
        if key is None or not key.ends_at - IN_FORCE <= now < key.ends_at:
            with self._context():
                try:
                    key = self._key = self._read_key(now)
                except (SQLAlchemyError, OSError) as error:
                    # The request goes on with its session.
                    db.session.rollback()
                    log.warning("address_key_missing", error=type(getattr(error, "orig", error)).__name__)
                    return None
        return key

    def _read_key(self, now: datetime) -> AddressKey:
        salt = current_salt(db.session(), now)
        if salt is None:
            # The job makes them beforehand; the very first click may come before it.
            with write_transaction() as session:
                salt = ensure_salt(session, now)
        return address_key(self._app.config["SECRET_KEY"], salt)

    def _context(self) -> AbstractContextManager[object]:
        """Return the context to ask the database in: that of the request, one apart only for a click without any.

        The session of a request may have a connection. Asking for another one beside it, as many do at once, takes
        all there are: then each waits for one that somebody else keeps while they wait too.
        """
        return nullcontext() if has_request_context() else self._app.app_context()


def init_app(app: Flask) -> None:
    """Make the reader of this application's visits."""
    app.extensions["grapevine_visits"] = VisitReader(app)


def visits_of(app: Flask) -> VisitReader:
    """Return the reader of an application's visits."""
    reader: VisitReader = app.extensions["grapevine_visits"]
    return reader


def fields_of(url: str) -> dict[str, str]:
    """Return the first value of each field in the query of a page's address; none for what is no address."""
    try:
        query = urlsplit(url).query
        return dict(reversed(parse_qsl(query, max_num_fields=MOST_FIELDS)))
    except ValueError:
        return {}


def utm_fields(query: Mapping[str, str]) -> dict[str, str]:
    """Return the UTM fields of an address's query as they came, to be passed on."""
    return {name: query[name] for name in UTM_FIELDS if query.get(name)} if query else {}


def _clean(text: str | None) -> str | None:
    if not text:
        return None
    text = text[:LONGEST_FIELD]
    if not text.isprintable():
        text = "".join(character for character in text if character.isprintable())
    return text.strip() or None


@lru_cache(maxsize=2_000)
def _source_host(url: str) -> str | None:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return None
    # What is no host name is nothing.
    plain = host.isascii() and 0 < len(host) <= LONGEST_HOST and all(c.isalnum() or c in "-._:" for c in host)
    return host if plain else None
