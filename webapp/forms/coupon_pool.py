"""Pools of coupons, and the codes that are put into them."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import Field, StringField, TextAreaField
from wtforms.validators import ValidationError

from webapp.domain.coupon_pools import KEY, LONGEST_KEY, LONGEST_NAME, MOST_CODES, MOST_LOW, Upload, read_codes
from webapp.formatting import number
from webapp.forms.typed import TypedError, whole_of

# More lines than these are counted.
NAMED = 10


class PoolForm(FlaskForm):
    """What a pool is called, and when its coupons are few."""

    name = StringField(_l("Name"), filters=[lambda text: text.strip() if text else text])
    key = StringField(_l("Key"), filters=[lambda text: text.strip() if text else text])
    low_at = StringField(_l("Few, when fewer are left than"), default="20")

    def validate_name(self, field: Field) -> None:
        name = field.data or ""
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise ValidationError(_l("Please write one line of at most %(most)s characters.", most=LONGEST_NAME))

    def validate_key(self, field: Field) -> None:
        key = field.data or ""
        if len(key) > LONGEST_KEY or not KEY.fullmatch(key):
            raise ValidationError(_l("Please write lower-case words with hyphens, as in autumn-2026."))

    def validate_low_at(self, field: Field) -> None:
        try:
            field.number = whole_of(field.data or "", 0, MOST_LOW)
        except TypedError as error:
            raise ValidationError(str(error)) from error


class UploadForm(FlaskForm):
    """Codes, one a line: pasted, or in a file."""

    codes = TextAreaField(_l("Codes, one a line"))
    file = FileField(_l("Or a text file"))
    # What was read, once the form is valid.
    upload: Upload | None = None
    text = ""

    def validate_codes(self, field: Field) -> None:
        self.text = field.data or ""
        sent = self.file.data
        if not self.text.strip() and sent:
            try:
                self.text = sent.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                raise ValidationError(_l("The file is no text. Save the codes as plain text, one a line.")) from None
        upload = read_codes(self.text)
        if upload.bad_lines:
            raise ValidationError(
                _l(
                    "Nothing was added. A code has no spaces and at most 100 characters; look at line %(lines)s.",
                    lines=said(upload.bad_lines),
                )
            )
        if upload.repeated_lines:
            raise ValidationError(
                _l(
                    "Nothing was added. The code of line %(lines)s stands in a line before, too.",
                    lines=said(upload.repeated_lines),
                )
            )
        if not upload.codes:
            raise ValidationError(_l("Please paste codes, or choose a file with some, one a line."))
        if len(upload.codes) > MOST_CODES:
            raise ValidationError(_l("Please add at most %(most)s codes at once.", most=number(MOST_CODES)))
        self.upload = upload


def said(lines: tuple[int, ...]) -> str:
    """Name the first few lines, and how many more there are."""
    named = ", ".join(str(line) for line in lines[:NAMED])
    return f"{named} (+{len(lines) - NAMED})" if len(lines) > NAMED else named
