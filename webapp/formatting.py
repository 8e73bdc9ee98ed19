"""Numbers, days and moments as people say them, in the reader's language."""

import re
from collections.abc import Iterable
from copy import copy
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, dates, numbers
from flask import Flask, g
from flask_babel import get_locale, gettext, ngettext
from markupsafe import Markup, escape

from webapp.clock import utc_now
from webapp.domain.money import Money, Percent
from webapp.domain.names import GONE
from webapp.domain.sentences import Moment, Sentence

DEFAULT_LANGUAGE = "en"
# No browser asks for more; to look one up takes its time.
MOST_LANGUAGES = 20
# Without what may follow, of which there is no end: variants, extensions, modifiers.
_LANGUAGE_AND_REGION = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?(?:[-_](?:[A-Za-z]{2}|[0-9]{3}))?(?![A-Za-z0-9])")

_LETTERS_BEFORE_FIGURE = re.compile(r"([^\W\d_])(\d)")


def init_app(app: Flask) -> None:
    """Offer the formats to templates."""
    app.jinja_env.globals.update(chart_locale=chart_locale)
    app.jinja_env.filters.update(
        number=number,
        money=money,
        moment=moment,
        moment_in_full=moment_in_full,
        day=day,
        day_short=day_short,
        age=age,
        say=say,
        exact_decimal=exact_decimal,
        hundredths=hundredths,
        person_name=person_name,
    )


def chart_locale() -> dict[str, object] | None:
    """Return the names of days and months and the separators as charts need them; None in English, which they speak."""
    locale = Locale.parse(_locale())
    if locale.language == DEFAULT_LANGUAGE:
        return None
    days = [(number - 1) % 7 for number in range(7)]  # theirs begin on Sunday
    months = range(1, 13)
    return {
        "name": locale.language,
        "format": {
            "days": [locale.days["format"]["wide"][number] for number in days],
            "shortDays": [locale.days["format"]["abbreviated"][number] for number in days],
            "months": [locale.months["format"]["wide"][number] for number in months],
            "shortMonths": [locale.months["format"]["abbreviated"][number] for number in months],
            "decimal": locale.number_symbols["latn"]["decimal"],
            "thousands": locale.number_symbols["latn"]["group"],
        },
    }


def best_locale(wanted: Iterable[str], translated: Iterable[str]) -> str:
    """Return the first wanted locale whose language we speak, with its region: dates differ between en-GB and en-US.

    Of each locale that is returned a catalogue is kept in memory, so there must not be more than there are regions.
    """
    languages = {DEFAULT_LANGUAGE, *translated}
    for name in islice(wanted, MOST_LANGUAGES):
        plain = _LANGUAGE_AND_REGION.match(name)
        if plain is None:
            continue
        try:
            locale = Locale.parse(plain[0].replace("-", "_"))
        except (ValueError, UnknownLocaleError):
            continue
        if locale.language in languages:
            return str(locale)
    return DEFAULT_LANGUAGE


def reader_locale(chosen: str | None, wanted: Iterable[str], translated: Iterable[str]) -> str:
    """Return the locale of a reader who chose a language, or None, and whose browser asks for `wanted`.

    A choice keeps the region that the browser names for this language.
    """
    translated = list(translated)
    if chosen is None or chosen not in {DEFAULT_LANGUAGE, *translated}:
        return best_locale(wanted, translated)
    of_it = [name for name in wanted if name.replace("_", "-").split("-")[0].lower() == chosen]
    return best_locale([*of_it, chosen], translated)


def number(value: int) -> str:
    """Return a whole number with the reader's separators."""
    return numbers.format_decimal(value, locale=_locale())


def size(octets: int) -> str:
    """Return how much a body holds, as in "64 KiB": in whole MiB where it is some."""
    kib, mib = octets // 1024, octets // (1024 * 1024)
    return f"{number(mib)} MiB" if mib and mib * 1024 == kib else f"{number(kib)} KiB"


def money(amount: Money) -> str:
    """Return an amount with its symbol and exactly the decimals of its currency."""
    return _money(amount.decimal, amount.currency)


def money_whole(amount: Money) -> str:
    """Return an amount for a headline: from 100 up in whole units, rounded half up; below that exactly."""
    exact = amount.decimal
    return _money(exact if abs(exact) < 100 else exact.quantize(Decimal(1), ROUND_HALF_UP), amount.currency)


def money_affixes(currency: str) -> tuple[str, str]:
    """Return what stands before and behind an amount of a currency, for the axis of a chart."""
    before, _digits, after = re.split(r"(\d(?:.*\d)?)", money(Money(0, currency)), maxsplit=1)
    return before, after


def percent(part: int, whole: int, *, decimals: int = 0) -> str:
    """Return a share in percent, rounded half up. `whole` is not zero."""
    share = (Decimal(part) / Decimal(whole)).quantize(Decimal(1).scaleb(-2 - decimals), ROUND_HALF_UP)
    return numbers.format_percent(share, locale=_locale(), decimal_quantization=False)


def money_brief(amount: Money) -> str:
    """Return an amount without decimals where they would all be zeros, as in headings: "$5", but "$5.50"."""
    exact, whole = amount.decimal, amount.decimal.to_integral_value()
    return _money(whole.quantize(Decimal(1)) if exact == whole else exact, amount.currency)


def percentage(share: Percent) -> str:
    """Return a percentage with the reader's separators and every decimal that it has."""
    decimals = len(share.text.partition(".")[2])
    pattern = copy(Locale.parse(_locale()).percent_formats[None])
    pattern.frac_prec = (decimals, decimals)
    text: str = pattern.apply(Decimal(share.text) / 100, _locale())
    return text


def _money(decimal: Decimal, currency: str) -> str:
    return _written(decimal, -int(decimal.as_tuple().exponent), currency, _locale())


@lru_cache(maxsize=2_000)
def _written(decimal: Decimal, decimals: int, currency: str, locale: str) -> str:
    """Return an amount in words of a language, once: a page says the same one, nothing above all, many times.

    Its decimals are told besides, since 5 and 5.00 are equal.
    """
    pattern = _money_pattern(locale, decimals)
    text: str = pattern.apply(decimal, locale, currency=currency, currency_digits=False)
    # A symbol of letters before the figure would read as one word with it.
    return _LETTERS_BEFORE_FIGURE.sub("\\1\N{NO-BREAK SPACE}\\2", text)


@lru_cache
def _money_pattern(locale: str, decimals: int) -> numbers.NumberPattern:
    """Return how a language writes amounts, with our number of decimals: its own list knows other currencies."""
    pattern = copy(Locale.parse(locale).currency_formats["standard"])
    pattern.frac_prec = (decimals, decimals)
    return pattern


def decimal_marks() -> tuple[str, str]:
    """Return what the reader puts before decimals and between thousands."""
    symbols = Locale.parse(_locale()).number_symbols["latn"]
    return symbols["decimal"], symbols["group"]


def exact_decimal(text: str) -> str:
    """Return a number in plain digits, as in "1.0842", with the reader's mark before its decimals."""
    return text.replace(".", decimal_marks()[0])


def hundredths(value: int) -> str:
    """Return a number of hundredths as a decimal, as in "0.40", with the reader's mark."""
    return exact_decimal(f"{value // 100}.{value % 100:02}")


def typed_money(amount: Money) -> str:
    """Return an amount as the reader would type it, without currency and separators of thousands."""
    return exact_decimal(f"{amount.decimal:f}")


def month(first: date) -> str:
    """Return a month as in "November 2026"."""
    return dates.format_skeleton("yMMMM", first, locale=_locale())


def month_short(first: date, *, year: bool) -> str:
    """Return a month as in "Nov", or in "Nov 2026"."""
    return dates.format_skeleton("yMMM" if year else "MMM", first, locale=_locale())


def moment(value: datetime, *, now: datetime | None = None) -> Markup:
    """Return a time element: near moments by their distance from today, the exact one on hover."""
    zone = _zone()
    local, today = value.astimezone(zone), (now or utc_now()).astimezone(zone).date()
    at = dates.format_time(local, "short", tzinfo=zone, locale=_locale())
    if local.date() == today:
        words = gettext("today at %(time)s", time=at)
    elif local.date() == today - timedelta(days=1):
        words = gettext("yesterday at %(time)s", time=at)
    else:
        words = gettext("%(day)s at %(time)s", day=_short(local.date(), today), time=at)
    return _time(value, words)


def moment_in_full(value: datetime) -> str:
    """Return a moment for those who read it another day and elsewhere, as in mails: with its year and its zone."""
    local = value.astimezone(_zone())
    at = dates.format_time(local, "short", tzinfo=_zone(), locale=_locale())
    zone = dates.get_timezone_name(local, width="short", locale=_locale())
    return gettext("%(day)s at %(time)s", day=dates.format_date(local, "long", locale=_locale()), time=f"{at} {zone}")


def day(value: datetime | date, *, now: datetime | None = None) -> Markup:
    """Return a time element as in "Friday 20 Nov"; the year is added when it is another one."""
    local, today = _local_day(value), _local_day(now or utc_now())
    skeleton = "MMMEEEEd" if local.year == today.year else "yMMMEEEEd"
    return _time(value, _undotted(dates.format_skeleton(skeleton, local, locale=_locale())))


def day_short(value: datetime | date, *, now: datetime | None = None) -> Markup:
    """Return a time element as in "20 Nov"."""
    return _time(value, _short(_local_day(value), _local_day(now or utc_now())))


def age(value: datetime) -> Markup:
    """Return a time element as in "6 days": how long ago it was, the exact moment on hover."""
    return _time(value, duration(utc_now() - value))


def person_name(name: str) -> str:
    """Return what somebody is called; in the reader's words where they were erased."""
    return gettext("Someone who left") if name == GONE else name


def duration(length: timedelta) -> str:
    """Return how long something takes in its largest whole unit, as in "4 minutes"; without a sign."""
    seconds = abs(int(length.total_seconds()))
    unit = next((size for size in (86_400, 3_600, 60) if seconds >= size), 1)
    whole = timedelta(seconds=seconds // unit * unit)
    # Days stay days: "45 days" says more than "1 month".
    granularity = {86_400: "day", 3_600: "hour", 60: "minute", 1: "second"}[unit]
    if unit == 86_400:
        return ngettext("%(num)d day", "%(num)d days", whole.days)
    return dates.format_timedelta(whole, granularity=granularity, threshold=1, locale=_locale())


def exact_moment(value: datetime) -> str:
    """Return a moment with its time in the program's time zone, as in "1 Jan 2027 at 09:00"."""
    local = value.astimezone(_zone())
    at = dates.format_time(local, "medium" if local.second else "short", tzinfo=_zone(), locale=_locale())
    words = dates.format_skeleton("yMMMd", local.date(), locale=_locale())
    return gettext("%(day)s at %(time)s", day=words, time=at)


def day_words(value: date) -> str:
    """Return a day as it is said in a sentence, "22 November"; the year is added when it is another one."""
    return _long(value, _local_day(utc_now()))


def days_short(first: date, last: date) -> str:
    """Return a stretch of days as short as they are written, "1–7 Nov 2026"."""
    if first == last:
        return _short(first, _local_day(utc_now()))
    skeleton = "MMMd" if first.year == last.year == _local_day(utc_now()).year else "yMMMd"
    return dates.format_interval(first, last, skeleton, locale=_locale())


def day_before_month() -> bool:
    """Say whether the reader's language writes "22 Nov" rather than "Nov 22"."""
    written = dates.format_skeleton("MMMd", date(2026, 11, 22), locale=_locale())
    return written.strip().startswith("22")


# Numbers with decimals that sentences carry, and keep, in plain digits.
PLAIN_NUMBERS = {"percent", "then_percent", "rate"}


def say(sentence: Sentence) -> str:
    """Return a sentence of the domain in the reader's language; moments in it are said as days."""
    values = {name: _value(value) for name, value in sentence.values.items()}
    values |= {name: exact_decimal(str(values[name])) for name in PLAIN_NUMBERS & values.keys()}
    if sentence.plural is not None:
        return ngettext(sentence.message, sentence.plural, sentence.count, **values)
    return gettext(sentence.message, **values)


def _value(value: object) -> object:
    if isinstance(value, datetime):
        return _long(_local_day(value), _local_day(utc_now()))
    if isinstance(value, Sentence):
        return say(value)
    if isinstance(value, Moment):
        return exact_moment(value.at)
    if isinstance(value, tuple):
        return ", ".join(str(_value(one)) for one in value)
    return money(value) if isinstance(value, Money) else value


def _time(value: datetime | date, words: str) -> Markup:
    if isinstance(value, datetime):
        exact = dates.format_datetime(value, "full", tzinfo=_zone(), locale=_locale())
        machine = value.astimezone(UTC).isoformat(timespec="seconds")
    else:
        exact, machine = dates.format_date(value, "full", locale=_locale()), value.isoformat()
    return Markup('<time datetime="{}" title="{}">{}</time>').format(escape(machine), escape(exact), words)


def _short(value: date, today: date) -> str:
    return _undotted(dates.format_skeleton("MMMd" if value.year == today.year else "yMMMd", value, locale=_locale()))


def _undotted(text: str) -> str:
    # Where a month is cut short with a dot, as in German, a sentence that ends here would have two.
    return text.removesuffix(".")


def _long(value: date, today: date) -> str:
    return dates.format_skeleton("MMMMd" if value.year == today.year else "yMMMMd", value, locale=_locale())


def _local_day(value: datetime | date) -> date:
    return value.astimezone(_zone()).date() if isinstance(value, datetime) else value


def _zone() -> ZoneInfo:
    program = g.get("program")
    return ZoneInfo(program.time_zone if program else "UTC")


def _locale() -> str:
    return str(get_locale() or DEFAULT_LANGUAGE)
