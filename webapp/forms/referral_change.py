"""Changing who is credited for a friend."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import AnyOf, Length

from webapp.domain.referral_changes import KINDS, REASONS
from webapp.forms.reward_decision import LONGEST_NOTE
from webapp.forms.typed import searched, without_nul


class ReferralChangeForm(FlaskForm):
    """What is asked for: who is credited, for what reason. `referrer` is there unless the credit is taken away.

    `seen` is the number of changes there were when the page was opened. `link`, `kind` and `terms`, what it does in
    money, are the answer of the first step, which the second one sends back.
    """

    seen = HiddenField()
    kind = HiddenField(validators=[AnyOf(KINDS)])
    link = HiddenField()
    terms = HiddenField()
    # An e-mail address, so it is posted: it must not stand in an address of this site.
    referrer = StringField(filters=[lambda text: searched(text) if text else text])
    reason = StringField(validators=[AnyOf(list(REASONS), message=_l("Choose why."))])
    note = TextAreaField(
        filters=[lambda text: without_nul(text).strip() if text else ""],
        validators=[Length(max=LONGEST_NOTE, message=_l("Write at most 1,000 characters."))],
    )
