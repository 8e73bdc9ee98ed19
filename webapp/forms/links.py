"""Making a link, and changing one."""

import unicodedata

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, StringField
from wtforms.validators import Length, ValidationError

from webapp.domain.codes import LONGEST, SHORTEST_CHOSEN, CodeProblem, problem_with_chosen

LONGEST_LABEL = 60
# As of names: what is longer cannot become a label.
_LONGEST_TYPED = 1_000
LONGEST_DESTINATION = 2_000

_CODE_SENTENCES: dict[CodeProblem, str] = {
    "short": _l("Please choose at least %(min)d characters.", min=SHORTEST_CHOSEN),
    "long": _l("Please choose at most %(max)d characters.", max=LONGEST),
    "characters": _l("Only the letters A to Z, digits, and hyphens between them, as in ada-bakes."),
    "reserved": _l("This word is kept for the site itself. Please choose another one."),
    "offensive": _l("This reads like a word that some friends would not want to get. Please choose another one."),
}


def _tidy(text: str | None) -> str:
    return " ".join(unicodedata.normalize("NFKC", " ".join((text or "").split())[:_LONGEST_TYPED]).split())


class LinkForm(FlaskForm):
    """What a link is called, its code, and, where the program leads to other sites, the page it opens."""

    label = StringField(
        _l("Name for yourself"),
        filters=[_tidy],
        validators=[Length(max=LONGEST_LABEL, message=_l("Please write at most %(max)d characters."))],
    )
    code = StringField(_l("Code"), filters=[lambda text: (text or "").strip(" ")])
    destination = StringField(
        _l("Page it opens"),
        filters=[lambda text: (text or "").strip()],
        validators=[Length(max=LONGEST_DESTINATION, message=_l("Please write at most %(max)d characters."))],
    )

    # Of the link that is changed: it may stay as it was made, whatever may be chosen today.
    code_now: str | None = None

    def validate_label(self, field: Field) -> None:
        if any(unicodedata.category(character)[0] == "C" for character in field.data):
            raise ValidationError(_l("This holds invisible characters. Please write it again."))

    def validate_code(self, field: Field) -> None:
        if not field.data or field.data == self.code_now:
            return
        if problem := problem_with_chosen(field.data):
            raise ValidationError(_CODE_SENTENCES[problem])
