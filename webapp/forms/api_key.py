"""Keys of the API."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, StringField
from wtforms.validators import ValidationError

from webapp.models.api_key import SCOPES

LONGEST_NAME = 80


class ApiKeyForm(FlaskForm):
    """What a key is called, and what it may do."""

    name = StringField(_l("Name"), filters=[lambda text: text.strip() if text else text])
    scope = StringField(_l("What it may do"))

    def validate_name(self, field: Field) -> None:
        name = field.data or ""
        if not name:
            raise ValidationError(_l("Please say what the key is for, as in “shop checkout”."))
        if len(name) > LONGEST_NAME:
            raise ValidationError(_l("Please write at most %(max)d characters.", max=LONGEST_NAME))
        if not name.isprintable():
            raise ValidationError(_l("Please write the name in letters; this one holds invisible characters."))

    def validate_scope(self, field: Field) -> None:
        if field.data not in SCOPES:
            raise ValidationError(_l("Please choose what the key may do."))
