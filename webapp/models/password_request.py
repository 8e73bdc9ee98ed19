"""Requests for a link that sets a password, from people whom nobody knows yet."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class PasswordRequest(Model):
    """An address that somebody typed under "forgotten password".

    Written the same whether it has an account or not, so that the answer tells nothing; a job looks whose it is a
    moment later, and deletes the row.
    """

    __tablename__ = "password_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    email_key: Mapped[str]
    requested_at: Mapped[datetime]
