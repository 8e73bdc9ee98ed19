"""Deciding about rewards."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField, TextAreaField, ValidationError
from wtforms.validators import AnyOf, Length, Optional

from webapp.domain.appeals import RELEASES
from webapp.domain.reward_decisions import REJECTIONS
from webapp.forms.typed import without_nul

LONGEST_NOTE = 1_000


class DecisionForm(FlaskForm):
    """What is decided, about which rewards, and why. The reason is there for a rejection only."""

    choice = HiddenField()
    next = HiddenField()
    # Shown as one of several radio buttons, each with its words.
    reason = StringField(
        validators=[AnyOf(list(REJECTIONS), message=_l("Choose the reason that the referrer reads."))],
    )
    note = TextAreaField(
        filters=[lambda text: without_nul(text).strip() if text else ""],
        validators=[Length(max=LONGEST_NOTE, message=_l("Write at most 1,000 characters."))],
    )


class AnswerForm(DecisionForm):
    """What is released after an appeal. The reason that whoever appealed reads, or a note, has to be there."""

    reason = StringField(validators=[Optional(), AnyOf(list(RELEASES), message=_l("Choose one of these reasons."))])

    def validate_note(self, field: TextAreaField) -> None:
        if not self.reason.data and not field.data:
            raise ValidationError(_l("An appeal is answered with a reason: choose one above, or write it here."))
