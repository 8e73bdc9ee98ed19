"""Saying that a reward was handed over."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import Length

from webapp.forms.reward_decision import LONGEST_NOTE
from webapp.forms.typed import without_nul


class FulfilmentForm(FlaskForm):
    """What staff want to remember of it."""

    note = TextAreaField(
        filters=[lambda text: without_nul(text).strip() if text else ""],
        validators=[Length(max=LONGEST_NOTE, message=_l("Write at most 1,000 characters."))],
    )
