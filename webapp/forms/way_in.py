"""What an admin types to let somebody back into their account."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, Field
from wtforms.validators import InputRequired, ValidationError

from webapp.domain.mailbox import address_key
from webapp.forms.addresses import read_address
from webapp.forms.password_again import PasswordAgain


class SecondFactorEndForm(PasswordAgain, FlaskForm):
    """The admin's own password again, and nothing else."""


class AddressForm(PasswordAgain, FlaskForm):
    """Where the account goes. `known_key` is the key of the address that it has."""

    known_key = ""
    email = EmailField(
        _l("New e-mail"),
        filters=[lambda text: text.strip() if text else text],
        validators=[InputRequired(_l("Please write the new address, as in noor@example.com."))],
    )

    def validate_email(self, field: Field) -> None:
        try:
            field.data = read_address(field.data or "")
        except ValueError as error:
            raise ValidationError(
                _l("This does not look like an e-mail address. Please write it as in noor@example.com.")
            ) from error
        if address_key(field.data) == self.known_key:
            raise ValidationError(_l("This is the address that the account has."))
