"""A password that somebody chooses."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from wtforms import Field, PasswordField
from wtforms.validators import ValidationError

from webapp.passwords import LONGEST, SHORTEST, PasswordProblem, problem_with

_SENTENCES: Mapping[PasswordProblem, str] = {
    "short": _l("Please choose at least %(min)d characters.", min=SHORTEST),
    "long": _l("Please choose at most %(max)d characters.", max=LONGEST),
    "common": _l("Many people use this one, so it is tried first. Please choose another: a short sentence is good."),
    "own": _l("This is made of your name or your address, so it is tried first. Please choose another."),
}


class NewPassword:
    """Part of a form: `class ResetForm(NewPassword, FlaskForm)`, with `own_words` of whoever chooses."""

    password = PasswordField(_l("Password"))

    def own_words(self) -> tuple[str, ...]:
        """Return the name and the address of the person, which make bad passwords."""
        raise NotImplementedError

    def validate_password(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(_l("Please choose a password."))
        if problem := problem_with(field.data, own=self.own_words()):
            raise ValidationError(_SENTENCES[problem])
