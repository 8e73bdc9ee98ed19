"""What the API answers: models from which both the JSON and the specification are made."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from webapp.domain.rewards import Status


class Answer(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Explanation(Answer):
    code: str = Field(description="For programs.")
    text: str = Field(description="For people, in English.")


class RuleExplanation(Answer):
    rule: str | None = Field(description="The rule's key; null where no rule was asked.")
    code: str = Field(description="For programs.")
    text: str = Field(description="For people, in English.")


class RuleVersion(Answer):
    key: str
    version: int


class Reward(Answer):
    id: UUID
    beneficiary_id: UUID
    side: Literal["referrer", "friend"]
    kind: Literal["cash", "credit", "coupon", "custom"]
    amount: int | None = Field(description="What was granted, for good, in minor units; null for a coupon.")
    reversed: int = Field(description="What was taken back of it since.")
    currency: str | None
    status: Status
    matures_at: datetime
    rule: RuleVersion
    correction: int = Field(
        description="0 for the reward itself; from 1, what was added to it because more friends count since."
    )


class ListedReward(Reward):
    event_id: str | None = Field(description="Of the conversion; null for a signup.")
    granted_at: datetime


class User(Answer):
    id: UUID
    external_id: str | None
    referral_code: str
    referral_url: str


class Referral(Answer):
    id: UUID
    referrer_id: UUID
    method: Literal["typed_code", "coupon_code", "link", "assigned"]


class ListedReferral(Referral):
    friend_id: UUID
    friend_external_id: str | None
    code: str
    created_at: datetime


class Signup(Answer):
    user: User
    referral: Referral | None
    rewards: list[Reward]
    explanation: list[Explanation]


class ConversionPart(Answer):
    id: UUID
    event_id: str
    type: str
    amount: int | None
    currency: str | None


class Conversion(Answer):
    conversion: ConversionPart
    rewards: list[Reward]
    explanation: list[RuleExplanation]


class ConversionNow(Conversion):
    refunded: int = Field(description="In minor units, of all refunds so far and disputes that were not won.")


class RefundPart(Answer):
    id: UUID
    event_id: str
    conversion_event_id: str | None = Field(description="Null while the refund waits for its purchase.")
    order_id: str | None
    amount: int | None = Field(description="What was counted; null while it waits.")
    currency: str | None


class Reversal(Answer):
    reward_id: UUID
    amount: int
    currency: str


class Refund(Answer):
    refund: RefundPart
    reversals: list[Reversal]
    explanation: list[RuleExplanation]


class DisputePart(RefundPart):
    conversion_event_id: str | None = Field(description="Null while the dispute waits for its purchase.")


class Dispute(Answer):
    dispute: DisputePart
    reversals: list[Reversal]
    explanation: list[RuleExplanation]


class OutcomePart(Answer):
    id: UUID
    event_id: str
    dispute_event_id: str
    outcome: Literal["won", "lost"]
    conversion_event_id: str | None
    amount: int | None = Field(description="What came back of the purchase; null while dispute or purchase is awaited.")
    currency: str | None


class DisputeOutcome(Answer):
    outcome: OutcomePart
    restored: list[Reversal] = Field(description="What was given back of each reward.")
    explanation: list[RuleExplanation]


class Facts(Answer):
    type: str
    occurred_at: datetime
    amount: int | None
    currency: str | None
    nth_purchase: int
    friends: int | None = Field(
        description="How many friends of the referrer count under the rule; null where it does not count them."
    )
    is_new_friend: bool | None = Field(description="Whether this made one more of them; null where none are counted.")
    beaten_by: str | None = Field(description="The key of the rule that pays in place of this one.")


class FullExplanation(RuleExplanation):
    version: int | None
    side: Literal["referrer", "friend"] | None
    kind: Literal["cash", "credit", "coupon", "custom"] | None = Field(
        description="What the rule rewards with; null where no rule was asked."
    )
    amount: int | None = Field(description="What was earned, in minor units; null for nothing, and for a coupon.")
    currency: str | None
    facts: Facts


class ConversionExplanation(Answer):
    event_id: str
    explanation: list[FullExplanation]


class Balance(Answer):
    currency: str
    pending: int
    held: int
    approved: int
    in_payout: int
    paid: int
    clawback: int = Field(
        description="Below zero while the person owes what went back after a payout; above it what is owed to them."
    )


class CreditBalance(Answer):
    currency: str
    available: int = Field(description="What can be redeemed now: approved, less what is owed, never below 0.")
    pending: int
    held: int
    approved: int
    redeemed: int = Field(description="What was redeemed in all, less what was undone.")
    clawback: int = Field(description="Below zero while the person owes what was taken back after it was redeemed.")


class Credit(Answer):
    balances: list[CreditBalance] = Field(description="By currency; empty for someone who never earned any.")


class RedemptionPart(Answer):
    id: UUID
    event_id: str
    amount: int
    currency: str
    occurred_at: datetime


class RedeemedReward(Answer):
    reward_id: UUID
    amount: int = Field(description="What was taken of this reward, or given back to it.")
    status: Status


class Redemption(Answer):
    redemption: RedemptionPart
    rewards: list[RedeemedReward] = Field(description="The oldest first.")


class Fulfilment(Answer):
    reward_id: UUID
    status: Status
    fulfilled_at: datetime


class UserNow(Answer):
    user: User
    referral: Referral | None
    balances: list[Balance] = Field(description="Money, by currency. Store credit has a path of its own.")


class Code(Answer):
    code: str
    referrer_id: UUID
    referral_url: str


class SignInLink(Answer):
    url: str
    expires_at: datetime


class Rewards(Answer):
    data: list[ListedReward]
    next: str | None = Field(description="The cursor of the next page.")


class Referrals(Answer):
    data: list[ListedReferral]
    next: str | None = Field(description="The cursor of the next page.")


class FieldProblem(Answer):
    loc: list[str | int]
    msg: str


class Problem(Answer):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem]
