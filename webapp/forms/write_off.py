"""Writing off what is owed of a reward."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import IntegerField, TextAreaField, ValidationError
from wtforms.validators import InputRequired, Length
from wtforms.widgets import HiddenInput

from webapp.forms.reward_decision import LONGEST_NOTE
from webapp.forms.typed import without_nul

FEWEST_WORDS = 3


class WriteOffForm(FlaskForm):
    """Why it is written off, for staff. `owed` is what was owed in minor units when the page was opened."""

    owed = IntegerField(widget=HiddenInput(), validators=[InputRequired()])
    note = TextAreaField(
        filters=[lambda text: without_nul(text).strip() if text else ""],
        validators=[Length(max=LONGEST_NOTE, message=_l("Write at most 1,000 characters."))],
    )

    def validate_note(self, field: TextAreaField) -> None:
        if len((field.data or "").split()) < FEWEST_WORDS:
            raise ValidationError(_l("Say why in at least three words."))
