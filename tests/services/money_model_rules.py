"""What one rule pays for one purchase, in plain Python, as tests.services.money_model asks it."""

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.services.money_model import Purchase


def _first(table: dict[str, Any]) -> float:
    if table["kind"] == "first_purchase":
        return 1
    return table["settings"].get("first_purchases", table["settings"].get("payments", float("inf")))


def _is_after(purchase: "Purchase", months: int | None) -> bool:
    """Say whether it happened so many months after its friend signed up, or later."""
    if months is None or purchase.joined is None:
        return False
    for back in range(4):
        try:
            month = purchase.joined.month - 1 + months
            day = purchase.joined.day - back
            year = purchase.joined.year + month // 12
            return purchase.at >= purchase.joined.replace(year=year, month=month % 12 + 1, day=day)
        except ValueError:
            # The month is shorter.
            continue
    raise AssertionError("every month has 28 days")


def price(table: dict[str, Any], purchase: "Purchase") -> tuple[str, int, str]:
    """Return what a rule would pay without its limits."""
    if "starts_at" in table and purchase.at < table["starts_at"]:
        return "not_started", 0, ""
    if "ends_at" in table and purchase.at >= table["ends_at"]:
        return "ended", 0, ""
    if unmet := unmet_by(table, purchase, purchase.amount):
        return unmet, 0, ""
    settings = table["settings"]
    if "amount" not in settings and purchase.amount is None:
        return "amount_missing", 0, ""
    if _is_after(purchase, settings.get("months")):
        return "months_over", 0, ""
    if purchase.nth > _first(table):
        return "purchase_limit", 0, ""
    if "amount" in settings:
        return "earned", settings["amount"], settings["currency"]
    later = _is_after(purchase, settings.get("first_months"))
    share = rounded(Fraction(settings["then_percent" if later else "percent"]) / 100 * (purchase.amount or 0))
    return ("earned", share, purchase.currency or "") if share else ("rounds_to_zero", 0, "")


def limited(table: dict[str, Any], worth: tuple[str, int, str], used: dict[str, int]) -> tuple[str, int, str]:
    """Return what is paid when so much was used."""
    code, amount, currency = worth
    if not amount:
        return worth
    for scope, limit in sorted(table.get("limits", {}).items()):
        if limit.get("currency", currency) != currency:
            return "currency_differs", 0, ""
        left = limit.get("count", limit.get("amount")) - used[scope] if scope in used else 1
        if left <= 0:
            return "limit_reached", 0, ""
        if "amount" in limit and scope in used and left < amount:
            code, amount = "limit_cut", left
    return code, amount, currency


def unmet_by(table: dict[str, Any], purchase: "Purchase", amount: int | None) -> str:
    """Return the reason why a rule is not for a purchase of this amount, empty when it is."""
    when = table.get("when", {})
    for condition in when.get("all", []):
        if reason := _fails(condition, purchase, amount):
            return reason
    reasons = {_fails(condition, purchase, amount) for condition in when.get("any", [])}
    if not reasons or "" in reasons:
        return ""
    return reasons.pop() if len(reasons) == 1 else "condition_false"


def _fails(condition: dict[str, Any], purchase: "Purchase", amount: int | None) -> str:
    was = {
        "amount": amount,
        "nth_purchase": purchase.nth,
        "metadata.plan": purchase.plan,
        "plan": purchase.plan,
        "account_age_days": None if purchase.joined is None else max(0, (purchase.at - purchase.joined).days),
    }[condition["field"]]
    if was is None:
        return "value_missing"
    if condition.get("currency", purchase.currency) != purchase.currency:
        return "currency_differs"
    value = condition["value"]
    holds = {"=": was == value, ">=": condition["op"] == ">=" and was >= value}[condition["op"]]
    return "" if holds else "condition_false"


def rounded(exactly: Fraction) -> int:
    return floor(exactly + Fraction(1, 2))
