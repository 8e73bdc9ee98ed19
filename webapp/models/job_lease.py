"""Who runs the background jobs just now."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Model


class JobLease(Model):
    """The right to run the jobs, held by one process until it runs out."""

    __tablename__ = "job_leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    held_until: Mapped[datetime]
