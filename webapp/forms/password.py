"""A forgotten password, and a new one."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import EmailField, Field
from wtforms.validators import InputRequired, ValidationError

from webapp.domain.mailbox import address_key
from webapp.forms.addresses import LONGEST
from webapp.forms.new_password import NewPassword
from webapp.forms.password_again import PasswordAgain
from webapp.models import User


class ForgottenPasswordForm(FlaskForm):
    """The address of an account, if it is one. Only what cannot be an address at all is wrong."""

    email = EmailField(
        _l("E-mail"),
        filters=[lambda text: text.strip() if text else text],
        validators=[InputRequired(_l("Please write your e-mail address, as in noor@example.com."))],
    )

    def validate_email(self, field: Field) -> None:
        try:
            address_key(field.data or "")
            right = len(field.data) <= LONGEST and "\0" not in field.data
        except ValueError:
            right = False
        if not right:
            raise ValidationError(
                _l("This does not look like an e-mail address. Please write it as in noor@example.com.")
            )


class ResetPasswordForm(NewPassword, FlaskForm):
    """A password of somebody who is known by a mailed link."""

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def own_words(self) -> tuple[str, ...]:
        return self.person.name, self.person.email


class ChangePasswordForm(PasswordAgain, NewPassword, FlaskForm):
    """Another password of whoever is signed in."""

    def own_words(self) -> tuple[str, ...]:
        return current_user.name, current_user.email

    def validate_password(self, field: Field) -> None:
        super().validate_password(field)
        if field.data == self.current_password.data:
            raise ValidationError(_l("This is the password that you have. Please choose another."))
