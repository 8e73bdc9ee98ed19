"""A code that buyers type in the business's own checkout."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class CouponCode(Model):
    """A coupon code and the link that it credits. Nobody else ever gets it, also when it is retired."""

    __tablename__ = "coupon_codes"
    __table_args__ = (UniqueConstraint("program_id", "code_key"), Index(None, "link_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    link_id: Mapped[UUID] = mapped_column(ForeignKey("links.id"))
    # As it is shown.
    code: Mapped[str]
    # domain.codes.code_key: as it is found, in whatever case it was typed.
    code_key: Mapped[str]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
