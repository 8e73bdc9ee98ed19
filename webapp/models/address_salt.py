"""What makes hashes of addresses comparable for a while, and then worthless."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class AddressSalt(Model):
    """Random bytes that addresses are hashed with from a moment on, until the next salt begins. Destroyed later."""

    __tablename__ = "address_salts"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    salt: Mapped[bytes]
    begins_at: Mapped[datetime] = mapped_column(unique=True)
