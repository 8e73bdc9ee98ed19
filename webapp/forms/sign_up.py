"""Signing up."""

from urllib.parse import parse_qsl, urlsplit

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, Field, StringField
from wtforms.validators import InputRequired, ValidationError

from webapp.domain import names
from webapp.domain.codes import code_key
from webapp.forms.addresses import read_address
from webapp.forms.new_password import NewPassword

NAME_SENTENCES: dict[names.NameProblem, str] = {
    "empty": _l("Please write your name."),
    "long": _l("Please write at most %(max)d characters.", max=names.LONGEST),
    "invisible": _l("Please write your name in letters; this one holds invisible characters."),
    "address": _l("Please write your name here, not an address. Friends see its first word."),
    "no_letters": _l("Please write your name in letters."),
}


def _code_in(text: str) -> str:
    """Return the code when the whole link was typed, of whichever site, else the text as it is."""
    text = text.strip(" ")
    if "/" not in text:
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        return text
    return dict(parse_qsl(parts.query)).get("ref") or parts.path.rstrip("/").rpartition("/")[2] or text


class SignUpForm(NewPassword, FlaskForm):
    """Name, e-mail, password and, if one has it, a friend's code."""

    name = StringField(
        _l("Your name"),
        filters=[lambda text: names.tidy_name(text) if text else text],
    )
    email = EmailField(
        _l("E-mail"),
        filters=[lambda text: text.strip() if text else text],
        validators=[InputRequired(_l("Please write your e-mail address, as in noor@example.com."))],
    )
    ref = StringField(_l("Code from a friend"), filters=[lambda text: _code_in(text) if text else text])

    def own_words(self) -> tuple[str, ...]:
        return self.name.data or "", self.email.data or ""

    def validate_name(self, field: Field) -> None:
        if problem := names.problem_with(field.data or ""):
            raise ValidationError(NAME_SENTENCES[problem])

    def validate_email(self, field: Field) -> None:
        try:
            field.data = read_address(field.data)
        except ValueError as error:
            raise ValidationError(
                _l("This does not look like an e-mail address. Please write it as in noor@example.com.")
            ) from error

    def validate_ref(self, field: Field) -> None:
        if field.data and code_key(field.data) is None:
            raise ValidationError(_l("A code has only letters, digits and hyphens. Correct it or leave it empty."))
