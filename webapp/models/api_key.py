"""Keys with which the business's own programs call the API."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model

SCOPES = ("read", "write")


class ApiKey(Model):
    """A key of a program. `write` includes `read`."""

    __tablename__ = "api_keys"
    __table_args__ = (CheckConstraint("scope IN ('read', 'write')", name="scope"), Index(None, "program_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    name: Mapped[str]
    # SHA-256 of the secret, which is random enough to need no slow hash: a copy of the table opens nothing.
    key_hash: Mapped[str] = mapped_column(unique=True)
    scope: Mapped[str]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
