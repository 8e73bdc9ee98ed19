"""The tables, one file a noun. Imported together so that the metadata is whole."""

from webapp.models.address_salt import AddressSalt
from webapp.models.api_answer import ApiAnswer
from webapp.models.api_key import ApiKey
from webapp.models.appeal import Appeal, AppealedReward
from webapp.models.attribution import AttributionDecision, AttributionTouch
from webapp.models.audit_entry import AuditEntry
from webapp.models.ban import Ban
from webapp.models.base import Model
from webapp.models.click import Click
from webapp.models.conversion import Conversion
from webapp.models.coupon_code import CouponCode
from webapp.models.coupon_pool import CouponPool, PoolCoupon
from webapp.models.exchange_quote import ExchangeQuote
from webapp.models.former_mailbox import FormerMailbox
from webapp.models.job_lease import JobLease
from webapp.models.ledger import LedgerEntry, LedgerTransaction
from webapp.models.link import Link
from webapp.models.mailed_link import MailedLink
from webapp.models.outbox import OutboxMail
from webapp.models.password_request import PasswordRequest
from webapp.models.program import Program
from webapp.models.qualified_friend import QualifiedFriend
from webapp.models.redemption import Redemption, RedemptionPart
from webapp.models.referral import Referral
from webapp.models.referral_change import ReferralChange, ReferralChangeNote
from webapp.models.refund import DisputeOutcome, Refund
from webapp.models.reward import Reward, RewardDecision, RewardEvent
from webapp.models.reward_note import RewardNote
from webapp.models.reward_rule import RewardRule, RewardRuleVersion
from webapp.models.rollup import (
    CampaignDay,
    CohortWeek,
    LinkDay,
    LinkRevenueDay,
    ProgramDay,
    ProgramRevenueDay,
    RuleDay,
)
from webapp.models.screening import Screening, ScreeningFinding
from webapp.models.screening_entry import ScreeningEntry
from webapp.models.sealed_code import SealedCode
from webapp.models.second_factor import RecoveryCode, SecondFactor
from webapp.models.sighting import Sighting
from webapp.models.sign_in_link import SignInLink
from webapp.models.user import User
from webapp.models.user_session import UserSession

__all__ = [
    "AddressSalt",
    "ApiAnswer",
    "ApiKey",
    "Appeal",
    "AppealedReward",
    "AttributionDecision",
    "AttributionTouch",
    "AuditEntry",
    "Ban",
    "CampaignDay",
    "Click",
    "CohortWeek",
    "Conversion",
    "CouponCode",
    "CouponPool",
    "DisputeOutcome",
    "ExchangeQuote",
    "FormerMailbox",
    "JobLease",
    "LedgerEntry",
    "LedgerTransaction",
    "Link",
    "LinkDay",
    "LinkRevenueDay",
    "MailedLink",
    "Model",
    "OutboxMail",
    "PasswordRequest",
    "PoolCoupon",
    "Program",
    "ProgramDay",
    "ProgramRevenueDay",
    "QualifiedFriend",
    "RecoveryCode",
    "Redemption",
    "RedemptionPart",
    "Referral",
    "ReferralChange",
    "ReferralChangeNote",
    "Refund",
    "Reward",
    "RewardDecision",
    "RewardEvent",
    "RewardNote",
    "RewardRule",
    "RewardRuleVersion",
    "RuleDay",
    "Screening",
    "ScreeningEntry",
    "ScreeningFinding",
    "SealedCode",
    "SecondFactor",
    "Sighting",
    "SignInLink",
    "User",
    "UserSession",
]
