"""Which country an address is in, when the operator has a database of them. Nobody else is asked."""

import re
from typing import Any

from flask import Flask
from maxminddb import InvalidDatabaseError, Reader, open_database

from webapp.network import parsed_address

_ISO_3166 = re.compile(r"[A-Z]{2}")


class Countries:
    """A database in MaxMind's format, mapped into memory, or none at all."""

    def __init__(self, path: str) -> None:
        self._reader: Reader | None = open_database(path) if path else None

    def country_of(self, address: str) -> str | None:
        """Return the country of an address by its ISO 3166-1 code of two letters; None when it is not known."""
        if self._reader is None:
            return None
        parsed = parsed_address(address)
        if parsed is None:
            return None
        try:
            found: Any = self._reader.get(parsed)
        except (ValueError, InvalidDatabaseError):
            # An IPv6 address in a database of IPv4 alone, or a database that is damaged: no click is lost by it.
            return None
        country = found.get("country") if isinstance(found, dict) else None
        code = country.get("iso_code") if isinstance(country, dict) else None
        return code if isinstance(code, str) and _ISO_3166.fullmatch(code) else None

    def close(self) -> None:
        """Let go of the file."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def init_app(app: Flask) -> None:
    """Open the database that the configuration names."""
    app.extensions["grapevine_countries"] = Countries(app.config["COUNTRY_DATABASE"])


def countries_of(app: Flask) -> Countries:
    """Return the countries that an application knows."""
    countries: Countries = app.extensions["grapevine_countries"]
    return countries
