"""The tables, one file a noun. Imported together so that the metadata is whole."""

from webapp.models.api_answer import ApiAnswer
from webapp.models.api_key import ApiKey
from webapp.models.attribution import AttributionDecision, AttributionTouch
from webapp.models.base import Model
from webapp.models.click import Click
from webapp.models.conversion import Conversion
from webapp.models.job_lease import JobLease
from webapp.models.ledger import LedgerEntry, LedgerTransaction
from webapp.models.link import Link
from webapp.models.outbox import OutboxMail
from webapp.models.program import Program
from webapp.models.referral import Referral
from webapp.models.refund import Refund
from webapp.models.reward import Reward, RewardDecision, RewardEvent
from webapp.models.reward_rule import RewardRule, RewardRuleVersion
from webapp.models.rollup import LinkDay, ProgramDay
from webapp.models.sign_in_link import SignInLink
from webapp.models.user import User
from webapp.models.user_session import UserSession

__all__ = [
    "ApiAnswer",
    "ApiKey",
    "AttributionDecision",
    "AttributionTouch",
    "Click",
    "Conversion",
    "JobLease",
    "LedgerEntry",
    "LedgerTransaction",
    "Link",
    "LinkDay",
    "Model",
    "OutboxMail",
    "Program",
    "ProgramDay",
    "Referral",
    "Refund",
    "Reward",
    "RewardDecision",
    "RewardEvent",
    "RewardRule",
    "RewardRuleVersion",
    "SignInLink",
    "User",
    "UserSession",
]
