"""Another address for an account: one's own, or one that an admin gives."""

from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import EmailField, Field
from wtforms.validators import InputRequired, ValidationError

from webapp.domain.mailbox import address_key
from webapp.forms.addresses import read_address
from webapp.forms.password_again import PasswordAgain


class NewAddressForm(PasswordAgain, FlaskForm):
    """The new address. `known_key` is the key of the one that the account has, `is_known` what is said of that one."""

    known_key = ""
    is_known = _l("This is the address that the account has.")
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
            raise ValidationError(self.is_known)


class ChangeEmailForm(NewAddressForm):
    """Of whoever is signed in. Whether somebody else has it is not said."""

    is_known = _l("This is the address that you have.")

    def validate_email(self, field: Field) -> None:
        self.known_key = current_user.email_key
        super().validate_email(field)
