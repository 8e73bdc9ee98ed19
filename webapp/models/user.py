"""A person with an account: referrer, marketer or admin."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from webapp.domain import names
from webapp.ids import new_id
from webapp.models.base import Model

ROLES = ("referrer", "marketer", "admin")


class User(UserMixin, Model):
    """An account. It belongs to the program it was opened in."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role IN ('referrer', 'marketer', 'admin')", name="role"),
        # The database itself keeps `referred_by` in step with the referral: it can only be the referrer of this
        # person's referral in this program, and it follows when the referral is moved to someone else.
        ForeignKeyConstraint(
            ["program_id", "id", "referred_by"],
            ["referrals.program_id", "referrals.friend_id", "referrals.referrer_id"],
            name="fk_users_referral",
            onupdate="CASCADE",
            use_alter=True,
        ),
        Index(None, "referred_by"),
        Index(None, "mailbox_key"),
        Index("uq_users_program_id_external_id", "program_id", "external_id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    name: Mapped[str]
    # As the person wrote it: mail goes here.
    email: Mapped[str]
    # domain.mailbox.address_key: what makes an account unique, and what signs in.
    email_key: Mapped[str] = mapped_column(unique=True)
    # domain.mailbox.mailbox_key: recognises a person behind several addresses; not unique.
    mailbox_key: Mapped[str]
    email_verified_at: Mapped[datetime | None]
    # None: nobody can sign in with a password yet.
    password_hash: Mapped[str | None]
    role: Mapped[str]
    # The language this person chose; None: what their browser asks for.
    language: Mapped[str | None]
    referred_by: Mapped[UUID | None]
    # What the business calls this person.
    external_id: Mapped[str | None]
    # Since when signing in takes a code as well; None: a password is enough.
    second_factor_since: Mapped[datetime | None]
    # Which kinds of mail this person does not want: kind -> true.
    muted_mails: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    # When everything that tells who this was has been erased; the row stays for the books.
    erased_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    @property
    def first_name(self) -> str:
        return names.first_name(self.name)

    @property
    def initials(self) -> str:
        return names.initials(self.name)
