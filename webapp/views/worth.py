"""What rewards are worth in words, each with its form where that is not money."""

from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.domain.money import Money
from webapp.domain.worth import Worth, together
from webapp.formatting import money, number
from webapp.web import load_program


def worth_text(amount: Money, form: str, count: int = 1) -> str:
    """Say what is given: an amount, with its form where it is not money; of coupons only how many."""
    if form == "coupon":
        return ngettext("%(count)s coupon", "%(count)s coupons", count, count=number(count))
    if form == "credit":
        return _("%(amount)s store credit", amount=money(amount))
    if form == "custom":
        return _("%(amount)s in kind", amount=money(amount))
    return money(amount)


def worth_together(each: Iterable[Worth]) -> str:
    """Say what several are worth in all, each form and currency by itself."""
    return " + ".join(worth_text(one.amount, one.form, one.count) for one in worths(each))


def worths(each: Iterable[Worth]) -> list[Worth]:
    """Add up what is of one form and currency, the program's before the others."""
    return together(each, first=load_program().currency)


def form_label(form: str) -> str:
    """Return what a form is called beside an amount; "" for money."""
    return {
        "cash": lambda: "",
        "credit": lambda: _("store credit"),
        "coupon": lambda: _("coupon"),
        "custom": lambda: _("in kind"),
    }[form]()
