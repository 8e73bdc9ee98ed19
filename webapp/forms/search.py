"""Looking for people and orders."""

from flask_wtf import FlaskForm
from wtforms import StringField


class SearchForm(FlaskForm):
    """What is looked for, and in which list. It is sent, not put into an address, because it may be an e-mail."""

    noun = StringField()
    q = StringField(filters=[lambda text: text.strip() if text else text])
