"""Signing up."""

import unicodedata

from email_validator import EmailNotValidError, validate_email
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, Field, PasswordField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from webapp.domain.codes import code_key
from webapp.domain.mailbox import mailbox_key
from webapp.passwords import LONGEST, SHORTEST

LONGEST_NAME = 80


class SignUpForm(FlaskForm):
    """Name, e-mail, password and, if one has it, a friend's code."""

    name = StringField(
        _l("Your name"),
        filters=[lambda text: " ".join(text.split()) if text else text],
        validators=[
            InputRequired(_l("Please write your name.")),
            Length(max=LONGEST_NAME, message=_l("Please write at most %(max)d characters.")),
        ],
    )
    email = EmailField(
        _l("E-mail"),
        filters=[lambda text: text.strip() if text else text],
        validators=[InputRequired(_l("Please write your e-mail address, as in noor@example.com."))],
    )
    password = PasswordField(
        _l("Password"),
        validators=[
            InputRequired(_l("Please choose a password.")),
            Length(min=SHORTEST, message=_l("Please choose at least %(min)d characters.")),
            Length(max=LONGEST, message=_l("Please choose at most %(max)d characters.")),
        ],
    )
    ref = StringField(_l("Code from a friend"), filters=[lambda text: text.strip(" ") if text else text])

    def validate_name(self, field: Field) -> None:
        if any(unicodedata.category(character)[0] == "C" for character in field.data):
            raise ValidationError(_l("Please write your name in letters; this one holds invisible characters."))
        if "@" in field.data or "://" in field.data:
            raise ValidationError(_l("Please write your name here, not an address. Friends see its first word."))
        if not any(character.isalnum() for character in field.data):
            raise ValidationError(_l("Please write your name in letters."))

    def validate_email(self, field: Field) -> None:
        try:
            field.data = validate_email(field.data, check_deliverability=False, test_environment=True).normalized
            mailbox_key(field.data)
        except (EmailNotValidError, ValueError) as error:
            raise ValidationError(
                _l("This does not look like an e-mail address. Please write it as in noor@example.com.")
            ) from error

    def validate_ref(self, field: Field) -> None:
        if field.data and code_key(field.data) is None:
            raise ValidationError(_l("A code has only letters, digits and hyphens. Correct it or leave it empty."))
