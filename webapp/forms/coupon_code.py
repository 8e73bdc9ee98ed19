"""Giving someone a coupon code."""

from collections.abc import Sequence
from uuid import UUID

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, SelectField, StringField
from wtforms.validators import ValidationError

from webapp.domain.codes import LONGEST, code_key


class CouponForm(FlaskForm):
    """A code that buyers type in the business's own checkout, and the link that it counts for."""

    code = StringField(_l("Coupon code"), filters=[lambda text: (text or "").strip(" ")])
    link = SelectField(_l("Counts for"), validate_choice=False)

    def offer(self, links: Sequence[tuple[UUID, str]]) -> "CouponForm":
        """Let one of these links be chosen, the first unless said otherwise."""
        self.link.choices = [(str(link_id), code) for link_id, code in links]
        return self

    def validate_code(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(_l("Please write the code that buyers type."))
        if len(field.data) > LONGEST:
            raise ValidationError(_l("Please choose at most %(max)d characters.", max=LONGEST))
        if code_key(field.data) is None:
            raise ValidationError(_l("Only the letters A to Z, digits, and hyphens between them, as in ada-bakes."))
