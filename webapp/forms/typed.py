"""What people type as amounts and moments, read in their language. Problems are sentences for the field."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.domain.money import EXPONENTS, Money
from webapp.domain.typed_amounts import TypedAmountError, read_amount, read_percent
from webapp.formatting import decimal_marks, typed_money

# SQLite searches for no longer pattern than 50,000 octets, and takes a longer one for a failure.
LONGEST_SEARCHED = 1_000


class TypedError(ValueError):
    """What was typed cannot be taken; the message says what to write, in the reader's language."""


def without_nul(text: str) -> str:
    """Return a text without what nobody can type and PostgreSQL cannot even be asked for."""
    return text.replace("\0", "")


def searched(text: str) -> str:
    """Return what is looked for in names and ids: one line, and no longer than any of them by far."""
    return " ".join(without_nul(text).split())[:LONGEST_SEARCHED]


def amount_of(text: str, currency: str, *, least: int = 1) -> Money:
    """Return a typed amount of at least so many minor units. Raises TypedError."""
    decimal, group = decimal_marks()
    try:
        amount = read_amount(text, currency, decimal=decimal, group=group)
    except TypedAmountError as error:
        raise TypedError(_amount_problem(error, currency)) from error
    if amount.minor < least:
        raise TypedError(_("Please write an amount above zero."))
    return amount


def percent_of(text: str) -> str:
    """Return a typed percentage as a rules file has it. Raises TypedError."""
    try:
        return read_percent(text).text
    except ValueError as error:
        raise TypedError(_("Please write a percentage above 0 and up to 100, as in 20 or 12.5.")) from error


def percent_shown(text: str) -> str:
    """Return a percentage of a rules file as the reader writes it."""
    return text.replace(".", decimal_marks()[0])


def _amount_problem(error: TypedAmountError, currency: str) -> str:
    if error.problem == "no_decimals":
        return _("%(currency)s has no decimals: please write a whole amount.", currency=currency)
    if error.problem == "decimals":
        return ngettext(
            "%(currency)s has %(num)s decimal: please write no more.",
            "%(currency)s has %(num)s decimals: please write no more.",
            error.allowed,
            currency=currency,
        )
    if error.problem == "too_large":
        return _("This is more than can be counted: please write a smaller amount.")
    example = typed_money(Money(2000 if EXPONENTS[currency] else 20, currency))
    return _("Please write an amount, as in %(example)s.", example=example)


def whole_of(text: str, least: int, most: int) -> int:
    """Return a typed whole number. Raises TypedError."""
    bare = text.strip()
    if not bare.isdecimal() or len(bare) > 18 or not least <= int(bare) <= most:
        raise TypedError(_("Please write a whole number from %(least)s to %(most)s.", least=least, most=most))
    return int(bare)


def moment_of(text: str, time_zone: str) -> datetime:
    """Return a typed day and time of a time zone as a moment; of one that comes twice, the first. Raises TypedError."""
    zone = ZoneInfo(time_zone)
    try:
        typed = datetime.fromisoformat(text.strip())
        if typed.tzinfo is not None:
            # The zone is the program's: an offset of another one must not be left aside.
            raise ValueError("an offset was typed")
        local = typed.replace(tzinfo=zone)
        moment = local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise TypedError(_("Please write a day and a time, as in 2027-01-31 09:00.")) from error
    if not 1900 <= local.year <= 9998:
        raise TypedError(_("Please write a year from 1900 to 9998."))
    if moment.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise TypedError(_("There is no such time on that day: clocks are put forward then."))
    return moment


def moment_shown(moment: datetime, time_zone: str) -> str:
    """Return a moment as a field for day and time takes it."""
    local = moment.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
    return local.isoformat(timespec="seconds" if local.second or local.microsecond else "minutes")
