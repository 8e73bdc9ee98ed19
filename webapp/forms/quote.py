"""A new exchange quote."""

from datetime import UTC, datetime

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, SelectField, StringField
from wtforms.validators import ValidationError

from webapp.domain.money import EXPONENTS
from webapp.domain.quotes import Quote
from webapp.formatting import decimal_marks
from webapp.forms.typed import TypedError, moment_of, without_nul

_CURRENCIES = sorted(EXPONENTS)
_ANY = datetime(2026, 1, 1, tzinfo=UTC)


class QuoteForm(FlaskForm):
    """What one of a currency is worth in another one, and from when on. `quote` is what was read of it."""

    base = SelectField(_l("One of"), choices=_CURRENCIES, validate_choice=False)
    rate = StringField(_l("Is worth"), filters=[lambda text: without_nul(text).strip() if text else text])
    counter = SelectField(_l("Of"), choices=_CURRENCIES, validate_choice=False)
    valid_from = StringField(_l("From"), filters=[lambda text: without_nul(text).strip() if text else text])

    def validate_base(self, field: Field) -> None:
        if field.data not in EXPONENTS:
            raise ValidationError(_l("Please choose one of the currencies."))

    def validate_counter(self, field: Field) -> None:
        if field.data not in EXPONENTS:
            raise ValidationError(_l("Please choose one of the currencies."))
        if field.data == self.base.data:
            raise ValidationError(_l("Please choose another currency than the first one."))

    def validate_rate(self, field: Field) -> None:
        field.rate = (field.data or "").replace(decimal_marks()[0], ".")
        try:
            # Of any two currencies: whether a rate is one does not depend on them.
            Quote("EUR", "USD", field.rate, _ANY)
        except ValueError as error:
            raise ValidationError(
                _l(
                    "Please write a number above zero, as in %(example)s, with at most ten digits before and after the"
                    " %(mark)s, and nothing between the thousands.",
                    example=f"1{decimal_marks()[0]}0842",
                    mark=decimal_marks()[0],
                )
            ) from error

    def read(self, time_zone: str) -> Quote | None:
        """Return the quote; None when something is wrong, which then stands at its field."""
        self.validate()
        try:
            moment = moment_of(self.valid_from.data or "", time_zone)
        except TypedError as error:
            self.valid_from.errors = [str(error)]
        if self.errors:
            return None
        return Quote(self.base.data, self.counter.data, self.rate.rate, moment)
