"""What is wrong with a body: name: (what is sent instead, the place that is named, words of the message)."""

from typing import Any

ID_WORDS = "must not be . or .. and must not begin or end with a space"
MOMENT_WORDS = "must be ISO 8601 with its offset, as in 2026-05-03T12:00:00Z"
WHOLE_WORDS = "must be a whole number, neither text nor a decimal number nor true or false"
CURRENCY_WORDS = "must be three capital letters of a legal tender of today, as in USD"
NO_UTF_8 = "must be text that can be written as UTF-8"
UNKNOWN = "is not a field of this request"
TOO_LONG = "must have at most 200 characters"

# Sent as they are, whatever the operation: (bytes, words of the answer, which is a 400).
NOT_JSON = {
    "nothing": (b"", "expecting value in line 1, column 1"),
    "a form": (b"external_id=cus_1&name=Bob", "expecting value"),
    "half an object": (b'{"event_id": "evt_1"', "expecting ',' delimiter"),
    "single quotes": (b"{'event_id': 'evt_1'}", "expecting property name enclosed in double quotes"),
    "a comma too many": (b'{"event_id": "evt_1",}', "in line 1, column"),
    "two documents": (b"{} {}", "extra data in line 1, column 4"),
    "a comment": (b"{} // that was it", "extra data"),
    "a raw line break in a text": (b'{"event_id": "evt\n1"}', "invalid control character"),
    "Latin-1": ('{"name": "Zoë"}'.encode("latin-1"), "byte 12 is not UTF-8"),
    "UTF-16": ('{"name": "Zoe"}'.encode("utf-16"), "byte 0 is not UTF-8"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "unexpected UTF-8 BOM"),
    "a surrogate, encoded": (b'{"name": "\xed\xa0\x80"}', "byte 10 is not UTF-8"),
    "a field twice": (b'{"amount": 1, "currency": "USD", "amount": 100}', "amount stands in it twice"),
    "a field twice, spelled differently": (b'{"amount": 1, "amoun\\u0074": 100}', "amount stands in it twice"),
    "a field twice, further down": (b'{"user": {"id": "a", "id": "b"}}', "id stands in it twice"),
    "NaN": (b'{"amount": NaN}', "NaN is no number of JSON"),
    "infinity": (b'{"amount": Infinity}', "Infinity is no number of JSON"),
    "less than anything": (b'{"metadata": {"a": -Infinity}}', "-Infinity is no number of JSON"),
    "nested without end": (b'{"metadata": ' + b"[" * 60_000, ""),
}

# JSON, but no object.
NO_OBJECT = [b"[]", b"null", b'"evt_1"', b"1", b"1.5", b"true", b'[{"event_id": "evt_1"}]']

CONTENT_TYPES = (
    None,
    "",
    "json",
    "text/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/problem+json",
    "application/jsonl",
    "application/json-patch+json",
    "application/xml; application/json",
)

WRONG_IDS: dict[str, tuple[Any, str]] = {
    "a number": (1, "must be text"),
    "true": (True, "must be text"),
    "a list": (["evt_1"], "must be text"),
    "an object": ({"id": "evt_1"}, "must be text"),
    "empty": ("", "must have at least 1 character"),
    "too long": ("x" * 201, TOO_LONG),
    "a slash": ("a/b", "must match pattern"),
    "a NUL": ("a\0b", "must match pattern"),
    "a line break": ("a\nb", "must match pattern"),
    "a C1 control": ("a\x85b", "must match pattern"),
    "a dot": (".", ID_WORDS),
    "two dots": ("..", ID_WORDS),
    "a space before it": (" a", ID_WORDS),
    "a space behind it": ("a ", ID_WORDS),
    "a lone surrogate": ("\ud800", NO_UTF_8),
    "surrogates in the wrong order": ("\udc00\ud800", NO_UTF_8),
}

WRONG_TEXTS: dict[str, tuple[Any, str]] = {
    "a number": (1, "must be text"),
    "empty": ("", "must have at least 1 character"),
    "too long": ("x" * 201, TOO_LONG),
    "a NUL": ("\0", "must match pattern"),
    "a lone surrogate": ("A\udfff", NO_UTF_8),
}

WRONG_EMAILS: dict[str, tuple[Any, str]] = {
    "a number": (1, "must be text"),
    "empty": ("", "must be an address that can exist"),
    "no @": ("bob", "must be an address that can exist"),
    "no domain": ("bob@", "must be an address that can exist"),
    "no name": ("@example.org", "must be an address that can exist"),
    "no dot": ("bob@localhost", "must be an address that can exist"),
    "two": ("bob@example.org, cy@example.org", "must be an address that can exist"),
    "a display name": ("Bob <bob@example.org>", "must be an address that can exist"),
    "a NUL": ("b\0b@example.org", "must be an address that can exist"),
    "too long": ("b" * 250 + "@example.org", "must have at most 254 characters"),
    "a lone surrogate": ("\ud800@example.org", NO_UTF_8),
}

WRONG_NAMES: dict[str, tuple[Any, str]] = {
    "a number": (1, "must be text"),
    "empty": ("", "must have at least 1 character"),
    "spaces": ("   ", "must match pattern"),
    "too long": ("x" * 81, "must have at most 80 characters"),
    "a NUL": ("Bob\0", "must match pattern"),
    "a line break": ("Bob\nMiller", "must match pattern"),
    "a lone surrogate": ("Bob \ud83d", NO_UTF_8),
}

WRONG_ADDRESSES: dict[str, tuple[Any, str]] = {
    "a number": (3221225985, "must be text"),
    "empty": ("", "must be an IPv4 or IPv6 address"),
    "a host": ("localhost", "must be an IPv4 or IPv6 address"),
    "a network": ("192.0.2.0/24", "must be an IPv4 or IPv6 address"),
    "a port": ("192.0.2.1:80", "must be an IPv4 or IPv6 address"),
    "leading zeros": ("192.0.02.1", "must be an IPv4 or IPv6 address"),
    "no hexadecimal": ("2001:db8::g", "must be an IPv4 or IPv6 address"),
    "a NUL": ("192.0.2.1\0", "must be an IPv4 or IPv6 address"),
    "a lone surrogate": ("\ud800", "must be an IPv4 or IPv6 address"),
}

# The clock stands at 2026-11-22T12:00:00Z.
WRONG_MOMENTS: dict[str, tuple[Any, str]] = {
    "a number": (1795348800, "must be a moment as text"),
    "true": (True, "must be a moment as text"),
    "empty": ("", MOMENT_WORDS),
    "a word": ("now", MOMENT_WORDS),
    "a day": ("2026-11-22", MOMENT_WORDS),
    "no offset": ("2026-11-22T12:00:00", MOMENT_WORDS),
    "no offset, with a fraction": ("2026-11-22T12:00:00.5", MOMENT_WORDS),
    "a space for the T": ("2026-11-22 12:00:00Z", MOMENT_WORDS),
    "a zone by name": ("2026-11-22T12:00:00 Europe/Berlin", MOMENT_WORDS),
    "no such day": ("2026-02-30T12:00:00Z", MOMENT_WORDS),
    "no such hour": ("2026-11-22T25:00:00Z", MOMENT_WORDS),
    "no such offset": ("2026-11-22T12:00:00+24:00", MOMENT_WORDS),
    "a lone surrogate": ("2026-11-22T12:00:00\ud800", MOMENT_WORDS),
    "a NUL": ("2026-11-22T12:00:00Z\0", MOMENT_WORDS),
    "a moment too far ahead": ("2026-11-22T12:05:00.000001Z", "must not be more than 5 minutes ahead of our clock"),
    "the same elsewhere": ("2026-11-22T02:05:01-10:00", "must not be more than 5 minutes ahead of our clock"),
    "the end of time": ("9999-12-31T23:59:59-23:59", "must not be more than 5 minutes ahead of our clock"),
    "the year before 2000": ("1999-12-31T23:59:59.999999Z", "must not be before the year 2000"),
    "the beginning of time": ("0001-01-01T00:00:00+23:59", "must not be before the year 2000"),
}

WRONG_AMOUNTS: dict[str, tuple[Any, str]] = {
    "a decimal number": (49.99, WHOLE_WORDS),
    "a decimal number that is whole": (4999.0, WHOLE_WORDS),
    "an exponent that is whole": (1e300, WHOLE_WORDS),
    "text": ("4999", WHOLE_WORDS),
    "text that is empty": ("", WHOLE_WORDS),
    "true": (True, WHOLE_WORDS),
    "false": (False, WHOLE_WORDS),
    "a list": ([4999], WHOLE_WORDS),
    "an object": ({"amount": 4999}, WHOLE_WORDS),
    "below zero": (-1, "must be greater than or equal to 0"),
    "too large by one": (1_000_000_000_000, "must be less than or equal to 999999999999"),
    "too large for a database": (2**63, "must be less than or equal to 999999999999"),
    "of 400 digits": (10**400, "must be less than or equal to 999999999999"),
    "far below zero": (-(10**400), "must be greater than or equal to 0"),
}

# No legal tender of today: tests and nothing, metals, funds and units of account, retired ones.
NO_TENDER = (
    *("XXX", "XTS"),
    *("XAU", "XAG", "XPT", "XPD"),
    *("XDR", "XUA", "XSU", "XBA", "XBB", "XBC", "XBD", "BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW"),
    *("DEM", "FRF", "ITL", "EEK", "LTL", "HRK", "BGN", "USS", "ANG", "BYR", "CUC", "MRO", "SLL", "STD", "VEF", "ZWL"),
    *("BTC", "AAA"),
)
WRONG_CURRENCIES: dict[str, tuple[Any, str]] = {
    "lower case": ("usd", CURRENCY_WORDS),
    "too short": ("US", CURRENCY_WORDS),
    "too long": ("USDX", CURRENCY_WORDS),
    "empty": ("", CURRENCY_WORDS),
    "a space behind it": ("USD ", CURRENCY_WORDS),
    "its number": (840, "must be text"),
    "its number as text": ("840", CURRENCY_WORDS),
    "letters that look like it": ("UЅD", CURRENCY_WORDS),
    "a lone surrogate": ("US\ud800", CURRENCY_WORDS),
    **{code: (code, CURRENCY_WORDS) for code in NO_TENDER},
}

WRONG_TYPES: dict[str, tuple[Any, str]] = {
    "a number": (1, "must be text"),
    "empty": ("", "must match pattern"),
    "a capital letter": ("Purchase", "must match pattern"),
    "a space": ("trial started", "must match pattern"),
    "a line break behind it": ("purchase\n", "must match pattern"),
    "a digit first": ("1st", "must match pattern"),
    "too long": ("x" * 41, "must match pattern"),
    "a lone surrogate": ("purchase\ud800", NO_UTF_8),
}
