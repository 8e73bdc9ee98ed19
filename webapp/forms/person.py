"""People, as admins look for them and make accounts for them."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, Field, StringField
from wtforms.validators import InputRequired, ValidationError

from webapp.domain import names
from webapp.forms.addresses import read_address
from webapp.forms.typed import searched
from webapp.models.user import ROLES


class PersonForm(FlaskForm):
    """Whom an account is for."""

    name = StringField(_l("Name"), filters=[lambda text: names.tidy_name(text) if text else text])
    email = EmailField(
        _l("E-mail"),
        filters=[lambda text: text.strip() if text else text],
        validators=[InputRequired(_l("Please write the person’s address, as in noor@example.com."))],
    )
    role = StringField(_l("Role"))

    def validate_name(self, field: Field) -> None:
        if names.problem_with(field.data or ""):
            raise ValidationError(_l("Please write the person’s name, as in “Ada Okafor”."))

    def validate_email(self, field: Field) -> None:
        try:
            field.data = read_address(field.data or "")
        except ValueError as error:
            raise ValidationError(
                _l("This does not look like an e-mail address. Please write it as in noor@example.com.")
            ) from error

    def validate_role(self, field: Field) -> None:
        if field.data not in ROLES:
            raise ValidationError(_l("Please choose what the person may do."))


class RoleForm(FlaskForm):
    """Another role for someone."""

    role = StringField(_l("Role"))

    def validate_role(self, field: Field) -> None:
        if field.data not in ROLES:
            raise ValidationError(_l("Please choose what the person may do."))


class PersonSearchForm(FlaskForm):
    """A part of a name, an e-mail address or what the business calls the person. Posted: addresses stay out of URLs."""

    named = StringField(_l("Name, e-mail or ID"), filters=[lambda text: searched(text) if text else text])
