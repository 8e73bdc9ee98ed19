"""Attribution decisions as they were made, with everything they were made from."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class AttributionDecision(Model):
    """The answer to "who is credited for this signup", one row a signup. Never changed."""

    __tablename__ = "attribution_decisions"
    __table_args__ = (
        CheckConstraint("model IN ('first', 'last')", name="model"),
        Index(None, "friend_id"),
        Index(None, "program_id", "signed_up_at"),
        Index(None, "visitor_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    friend_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    signed_up_at: Mapped[datetime]
    # The program's settings as they were.
    model: Mapped[str]
    window_days: Mapped[int]
    # The browser that signed up, if it had a cookie; a browser stops being a visitor then.
    visitor_id: Mapped[UUID | None]
    # When the person was known before this signup; None for a new person.
    known_since: Mapped[datetime | None]
    reason: Mapped[str]


class AttributionTouch(Model):
    """One touch that a decision weighed, and why it was credited or not. Never changed."""

    __tablename__ = "attribution_touches"
    __table_args__ = (
        CheckConstraint("kind IN ('typed_code', 'coupon_code', 'click', 'page')", name="kind"),
        UniqueConstraint("decision_id", "position"),
        Index(None, "referrer_id", "decision_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("attribution_decisions.id"))
    # From 0, the touch that came nearest to a credit first.
    position: Mapped[int]
    kind: Mapped[str]
    link_id: Mapped[UUID] = mapped_column(ForeignKey("links.id"))
    referrer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    # Not a foreign key: the decision outlives the click, which is forgotten after its retention.
    click_id: Mapped[UUID | None]
    # Whether the click is of the browser that the signup named by a click of it, and not by its cookie.
    by_click_id: Mapped[bool] = mapped_column(default=False, server_default=false())
    touched_at: Mapped[datetime]
    # Whether the link's owner had the mailbox of whoever signed up. Addresses change and people are forgotten.
    same_mailbox: Mapped[bool]
    outcome: Mapped[str]
