"""A new entry of the lists of whom a program trusts and whom it does not."""

from collections.abc import Mapping

from flask_babel import gettext, lazy_gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import ValidationError

from webapp.domain.screening_lists import KINDS, Entry, EntryError, EntryKind, ListName, read_entry
from webapp.domain.sentences import N_
from webapp.formatting import say
from webapp.forms.typed import without_nul
from webapp.services.screening_lists import LONGEST_NOTE

KIND_LABELS: Mapping[EntryKind, str] = {
    "email": N_("E-mail address"),
    "domain": N_("Domain of e-mail addresses"),
    "network": N_("IP address, or a range of them"),
    "referrer": N_("Referrer"),
}
_LISTS: tuple[ListName, ...] = ("block", "allow")


class ScreeningEntryForm(FlaskForm):
    """Which list, what kind of entry, what it says, and why it is there."""

    on = StringField(default="block")
    kind = SelectField(
        choices=[SelectChoice(kind, lazy_gettext(label)) for kind, label in KIND_LABELS.items()],
        default="email",
        validate_choice=False,
    )
    value = StringField(filters=[lambda text: without_nul(text).strip() if text else text])
    note = StringField(filters=[lambda text: without_nul(text).strip() if text else text])

    def validate_on(self, field: Field) -> None:
        if field.data not in _LISTS:
            raise ValidationError(_l("Please choose one of the two lists."))

    def validate_kind(self, field: Field) -> None:
        if field.data not in KINDS:
            raise ValidationError(_l("Please choose one."))

    def validate_value(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(_l("Please write whom it is about, as in the examples below."))

    def validate_note(self, field: Field) -> None:
        if len(field.data or "") > LONGEST_NOTE:
            raise ValidationError(_l("Please write at most %(max)d characters.", max=LONGEST_NOTE))

    def read(self) -> Entry | None:
        """Return the entry; None when something is wrong, which then stands at its field."""
        if not self.validate():
            return None
        try:
            return read_entry(self.on.data, self.kind.data, self.value.data)
        except EntryError as error:
            self.value.errors = [say(error.words)]
            return None


def kind_label(kind: EntryKind) -> str:
    """Return what a kind of entry is called."""
    return gettext(KIND_LABELS[kind])
