"""Names of hosts and domains as people type them into lists, and which of them lie in which."""

import re
import unicodedata

from webapp.domain.mailbox import ascii_domain

LONGEST = 253
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


def host_name(text: str) -> str:
    """Return the one spelling of a host's name: lower case, in its IDNA form, without the dot at its end.

    Raises ValueError for what is none: an address of a page, a pattern, an IP address, a name without a dot.
    """
    name = domain_labels(text)
    if "." not in name:
        raise ValueError("the name of a host has a dot")
    return name


def domain_labels(text: str) -> str:
    """Return the one spelling of a domain, which may also be a top one such as "example". Raises ValueError."""
    name = ascii_domain(unicodedata.normalize("NFKC", text).strip())
    labels = name.split(".")
    # A last label of digits is an IP address's (RFC 1123).
    if len(name) > LONGEST or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        raise ValueError("a domain is made of letters, digits and hyphens between dots")
    return name


def lies_in(host: str, domain: str) -> bool:
    """Say whether a host is a domain or lies below it. The domain is spelt as `host_name` does."""
    host = host.lower().rstrip(".")
    return host == domain or host.endswith(f".{domain}")
