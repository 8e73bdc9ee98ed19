"""What people settle about themselves."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from webapp.domain import names
from webapp.forms.sign_up import NAME_SENTENCES

THEMES = ("light", "dark")


class ProfileForm(FlaskForm):
    """Name, language ("" for the browser's) and look ("" for the system's). Whoever makes it fills in the languages."""

    name = StringField(_l("Your name"), filters=[lambda text: names.tidy_name(text or "")])
    language = SelectField(_l("Language"), choices=[])
    theme = RadioField(
        _l("Look"),
        choices=[
            SelectChoice("", _l("As my system")),
            SelectChoice("light", _l("Light")),
            SelectChoice("dark", _l("Dark")),
        ],
        default="",
    )

    def validate_name(self, field: Field) -> None:
        if problem := names.problem_with(field.data or ""):
            raise ValidationError(NAME_SENTENCES[problem])
