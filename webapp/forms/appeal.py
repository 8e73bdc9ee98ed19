"""Appealing against a decision."""

from flask_wtf import FlaskForm
from wtforms import TextAreaField, ValidationError

from webapp.domain.appeals import LONGEST, problem_in_words
from webapp.formatting import say
from webapp.forms.typed import without_nul


class AppealForm(FlaskForm):
    """How whoever earns a reward sees it, in their words."""

    text = TextAreaField(filters=[lambda text: without_nul(text).strip() if text else ""])

    def validate_text(self, field: TextAreaField) -> None:
        if not field.data:
            raise ValidationError(say(problem_in_words("empty")))
        # A browser counts the end of a line once, and sends it as two.
        field.data = field.data.replace("\r\n", "\n")
        if len(field.data) > LONGEST:
            raise ValidationError(say(problem_in_words("too_long")))
