"""Taking away all that is kept of somebody, and having it erased."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, HiddenField, SelectField, StringField
from wtforms.validators import AnyOf, InputRequired, ValidationError

from webapp.domain.mailbox import address_key
from webapp.forms.password_again import PasswordAgain
from webapp.services.erasure import REASONS


class ExportForm(PasswordAgain, FlaskForm):
    """Only the person themselves, or an admin who is who they say."""


class _ErasureForm(FlaskForm):
    """`seen` is what stood on the page of what is lost: when that has changed, it is shown again."""

    seen = HiddenField()
    gives_up = BooleanField()
    # Whether anything is lost; whoever makes the form says so.
    is_money_open = False

    def validate_gives_up(self, field: Field) -> None:
        if self.is_money_open and not field.data:
            raise ValidationError(_l("Please say that the rewards that are not paid yet are given up, or wait."))


class OwnErasureForm(PasswordAgain, _ErasureForm):
    """The person's own wish: with their password, and with their address typed, which nobody does by mistake."""

    typed_email = StringField(filters=[lambda text: text.strip() if text else text])
    own_email_key = ""

    def validate_typed_email(self, field: Field) -> None:
        try:
            typed = address_key(field.data or "")
        except ValueError:
            typed = ""
        if typed != self.own_email_key:
            raise ValidationError(_l("Please write the e-mail address of this account here."))


class ErasureForm(PasswordAgain, _ErasureForm):
    """An admin erases somebody, with a reason."""

    reason = SelectField(validators=[AnyOf(list(REASONS), message=_l("Choose a reason."))], validate_choice=False)
    sure = BooleanField(validators=[InputRequired(_l("Please say that you are sure."))])
