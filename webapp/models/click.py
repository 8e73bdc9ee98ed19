"""A visit through a link."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from webapp.ids import new_id
from webapp.models.base import Model


class Click(Model):
    """One opening of a link by a visitor. No address and no user agent is kept, only what kind of browser it was."""

    __tablename__ = "clicks"
    __table_args__ = (Index(None, "visitor_id", "clicked_at"), Index(None, "program_id", "clicked_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    program_id: Mapped[UUID] = mapped_column(ForeignKey("programs.id"))
    link_id: Mapped[UUID] = mapped_column(ForeignKey("links.id"))
    # The browser, by the random id in its cookie.
    visitor_id: Mapped[UUID]
    clicked_at: Mapped[datetime]
    # Host of the page the visitor came from (HTTP Referer), when the browser told.
    source_host: Mapped[str | None]
    utm_source: Mapped[str | None]
    utm_medium: Mapped[str | None]
    utm_campaign: Mapped[str | None]
    # Whether it is the visitor's first of the day, in the program and through this link: unique visitors are a sum.
    new_today: Mapped[bool] = mapped_column(default=False, server_default=false())
    new_on_link: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Whether the visitor had opened this link within the 30 minutes before: one visit, not two.
    is_repeat: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Families, as in "Firefox" and "phone"; None when the user agent does not tell.
    browser: Mapped[str | None]
    device: Mapped[str | None]
    # ISO 3166-1, when the operator has configured a database of countries.
    country: Mapped[str | None]
    # Keyed hashes of the address and of its /64, comparable only while their salt lives (models.address_salt).
    address_hash: Mapped[bytes | None]
    network_hash: Mapped[bytes | None]
