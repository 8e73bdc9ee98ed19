"""Deciding a case, and banning somebody from earning rewards."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField, ValidationError
from wtforms.validators import AnyOf

from webapp.domain.reward_decisions import REJECTIONS
from webapp.forms.reward_decision import DecisionForm

# What a case is decided by; what is held can wait as well, and then nothing has to be sent.
CASE_CHOICES = ("release", "reject")


class CaseForm(DecisionForm):
    """A decision whose reason is asked for on the same page, and is needed for a rejection only."""

    choice = StringField(validators=[AnyOf(CASE_CHOICES, message=_l("Choose what is to be done."))])
    reason = StringField()

    def validate_reason(self, field: StringField) -> None:
        if self.choice.data == "reject" and field.data not in REJECTIONS:
            raise ValidationError(_l("Choose the reason that the referrer reads."))


class BanForm(FlaskForm):
    """Why somebody's rewards are stopped."""

    reason = SelectField(validators=[AnyOf(list(REJECTIONS), message=_l("Choose a reason."))], validate_choice=False)
