"""Looking for people and orders."""

from flask_wtf import FlaskForm
from wtforms import StringField

from webapp.forms.typed import without_nul


class SearchForm(FlaskForm):
    """What is looked for, and in which list. It is sent, not put into an address, because it may be an e-mail."""

    noun = StringField()
    q = StringField(filters=[lambda text: without_nul(text).strip() if text else text])
