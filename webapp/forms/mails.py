"""Which kinds of mail somebody wants."""

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import SelectMultipleField
from wtforms.fields.choices import SelectChoice

from webapp.domain.mail_kinds import OPTIONAL, kinds_for


class MailsForm(FlaskForm):
    """The kinds that are wanted, of those that can reach a role."""

    wanted = SelectMultipleField(choices=[])

    def offer(self, role: str) -> "MailsForm":
        """Offer the kinds that can reach somebody with this role."""
        self.wanted.choices = [SelectChoice(kind, _(OPTIONAL[kind].label)) for kind in kinds_for(role)]
        return self
