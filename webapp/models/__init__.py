"""The tables, one file a noun. Imported together so that the metadata is whole."""

from webapp.models.attribution import AttributionDecision, AttributionTouch
from webapp.models.base import Model
from webapp.models.click import Click
from webapp.models.job_lease import JobLease
from webapp.models.link import Link
from webapp.models.outbox import OutboxMail
from webapp.models.program import Program
from webapp.models.referral import Referral
from webapp.models.rollup import LinkDay, ProgramDay
from webapp.models.user import User
from webapp.models.user_session import UserSession

__all__ = [
    "AttributionDecision",
    "AttributionTouch",
    "Click",
    "JobLease",
    "Link",
    "LinkDay",
    "Model",
    "OutboxMail",
    "Program",
    "ProgramDay",
    "Referral",
    "User",
    "UserSession",
]
