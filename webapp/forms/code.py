"""Codes of a second factor."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, StringField
from wtforms.validators import ValidationError

from webapp.forms.password_again import PasswordAgain


class CodeForm(FlaskForm):
    """A code from the app or, where somebody signs in, a recovery code. Whether it is right the view finds out."""

    code = StringField(_l("Code"), filters=[lambda text: text.strip() if text else text])

    def validate_code(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(_l("Please type the code that the app shows."))


class PasswordForm(PasswordAgain, FlaskForm):
    """The password again, and nothing else."""


class PasswordAndCodeForm(PasswordAgain, CodeForm):
    """Both factors again."""
