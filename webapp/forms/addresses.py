"""E-mail addresses as people and programs send them."""

from email_validator import EmailNotValidError, validate_email

from webapp.domain.mailbox import mailbox_key

LONGEST = 254
# What begins a word of a header in another spelling (RFC 2047): mail programs, ours too, would read another address.
_ENCODED = "=?"


def read_address(text: str) -> str:
    """Return an address in its normal form. Raises ValueError with a sentence about what is wrong with it.

    No domain is asked whether it takes mail.
    """
    if len(text.strip()) > LONGEST:
        raise ValueError(f"The email address is too long: it can have at most {LONGEST} characters.")
    try:
        address: str = validate_email(text.strip(), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    if _ENCODED in address:
        raise ValueError("The part before the @ cannot hold “=?”.")
    mailbox_key(address)
    return address
