"""Money: whole minor units beside their currency. No float ever touches it."""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

# Legal tender of today by ISO 4217, with the number of decimals of the minor unit. Funds, metals, test codes and
# currencies that were withdrawn are left out.
_TWO_DECIMALS = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK
DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD
KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP
PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
EXPONENTS = {
    **dict.fromkeys(_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
}

# The largest amount that is taken, in minor units: a million of them still fit a 64-bit sum.
LARGEST = 999_999_999_999

PERCENT_PROBLEM = 'must be a percentage as text, above 0 and up to 100, as in "20" or "12.5"'
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Percent:
    """A percentage above 0 and up to 100, read exactly from text such as "12.5". ValueError for anything else."""

    text: str

    def __post_init__(self) -> None:
        if not _PERCENT.fullmatch(self.text) or not 0 < Decimal(self.text) <= 100:
            raise ValueError(PERCENT_PROBLEM)

    @property
    def ratio(self) -> tuple[int, int]:
        """The share as whole numbers: numerator and denominator."""
        whole, _, decimals = self.text.partition(".")
        return int(whole + decimals), 100 * 10 ** len(decimals)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of its currency. ValueError for a currency that is not legal tender today."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in EXPONENTS:
            raise ValueError("must be the three capital letters of a currency that is legal tender today")

    @classmethod
    def parse(cls, text: str) -> "Money":
        """Read text such as "49.99 EUR" or "500 JPY", exactly. ValueError for anything else."""
        number, _, currency = text.partition(" ")
        if currency not in EXPONENTS:
            raise ValueError(f"{text!r} does not name a currency")
        if not _NUMBER.fullmatch(number):
            raise ValueError(f'{text!r} is not an amount as in "49.99 EUR"')
        # Arithmetic with Decimal is only as exact as the program around it asks for.
        minor = Fraction(number) * 10 ** EXPONENTS[currency]
        if minor.denominator != 1:
            raise ValueError(f"{text!r} has more decimals than {currency}")
        return cls(int(minor), currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, exactly, with the decimals of its currency."""
        return Decimal(f"{self.minor}E-{EXPONENTS[self.currency]}")

    def share(self, percent: Percent) -> "Money":
        """Return this percentage of an amount that is not negative, rounded half up to the minor unit."""
        numerator, denominator = percent.ratio
        return Money(rounded_half_up(self.minor * numerator, denominator), self.currency)

    def __str__(self) -> str:
        return f"{self.decimal:f} {self.currency}"


def rounded_half_up(numerator: int, denominator: int) -> int:
    """Divide two whole numbers, neither of them negative, and round half up."""
    return (2 * numerator + denominator) // (2 * denominator)
