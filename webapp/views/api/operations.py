"""What the API offers, operation by operation: from this the specification and its page are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel

from webapp.views.api import answers, schemas

# What can go wrong everywhere, and what it means.
REFUSALS = {
    401: "No key, or one that is not or no longer known.",
    403: "The key may read only.",
    404: "There is nothing by this name.",
    400: "The body is not JSON.",
    409: "The same id came with other content before, or contradicts what is known.",
    413: "The body is larger than 64 KiB.",
    415: "The body is not sent as application/json.",
    422: "A field is missing, unknown or wrong; `errors` names each.",
    429: "Too many requests with this key; `Retry-After` says for how many seconds to wait.",
}
_READ = (401, 404, 429)
_LIST = (401, 404, 422, 429)
_WRITE = (400, 401, 403, 409, 413, 415, 422, 429)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `answers` maps a status to its model and what it means."""

    method: Literal["get", "post"]
    path: str
    name: str
    summary: str
    description: str
    answers: Mapping[int, tuple[type[BaseModel], str]]
    refusals: tuple[int, ...]
    body: type[BaseModel] | None = None
    example: Mapping[str, object] = field(default_factory=dict)
    listed: bool = False

    @property
    def scope(self) -> str:
        return "read" if self.method == "get" else "write"


OPERATIONS = (
    Operation(
        "post",
        "/signups",
        "createSignup",
        "A person signed up",
        "Report everyone who signs up at your own site, with whatever brought them: a code that they typed comes"
        " before a coupon code, and that before the click id. What nobody has is left aside, and said. The same"
        " `external_id` sent again with the same content gets the first answer. The address of someone who has an"
        " account gives that account this `external_id`; nobody becomes a friend by it.",
        {
            201: (answers.Signup, "Recorded."),
            200: (answers.Signup, "Sent before: the first answer."),
        },
        _WRITE,
        schemas.SignupBody,
        {
            "external_id": "cus_1",
            "email": "bob@example.com",
            "name": "Bob Miller",
            "referral_code": "7KX2MWRT9P",
            "occurred_at": "2026-05-03T12:00:00Z",
        },
    ),
    Operation(
        "post",
        "/conversions",
        "createConversion",
        "Something worth a reward happened",
        "Report purchases, renewals and whatever else your rules reward. The same `event_id` sent again with the same"
        " content gets the first answer and rewards nothing twice; an order is rewarded once for each type. A"
        " conversion of someone whom nobody referred is recorded too, and says so.",
        {
            201: (answers.Conversion, "Recorded, with what it earned and why, or why nothing."),
            200: (answers.Conversion, "Sent before: the first answer."),
        },
        _WRITE,
        schemas.ConversionBody,
        {
            "event_id": "evt_1",
            "type": "purchase",
            "user": {"external_id": "cus_1"},
            "amount": 4999,
            "currency": "USD",
            "order_id": "1001",
            "metadata": {"plan": "pro"},
            "occurred_at": "2026-05-10T09:30:00Z",
        },
    ),
    Operation(
        "post",
        "/refunds",
        "createRefund",
        "Money went back to a friend",
        "Report refunds by order or by event, whole or in parts, in any order, also before their purchase. More than"
        " is left is cut to what is left.",
        {
            201: (answers.Refund, "Applied, with what was taken back."),
            200: (answers.Refund, "Sent before: the first answer."),
            202: (answers.Refund, "Kept, until the purchase arrives."),
        },
        _WRITE,
        schemas.RefundBody,
        {"event_id": "ref_1", "order_id": "1001", "amount": 1000, "occurred_at": "2026-05-12T16:00:00Z"},
    ),
    Operation(
        "post",
        "/disputes",
        "createDispute",
        "A bank took the money back",
        "Report chargebacks by order or by event, also before their purchase. They take back what a refund of the same"
        " amount would; what went back before is not taken twice. Without an amount all of the purchase is disputed.",
        {
            201: (answers.Dispute, "Applied, with what was taken back."),
            200: (answers.Dispute, "Sent before: the first answer."),
            202: (answers.Dispute, "Kept, until the purchase arrives."),
        },
        _WRITE,
        schemas.DisputeBody,
        {"event_id": "dsp_1", "order_id": "1001", "occurred_at": "2026-05-14T08:00:00Z"},
    ),
    Operation(
        "post",
        "/disputes/{event_id}/outcome",
        "createDisputeOutcome",
        "How a dispute ended",
        "Once for each dispute, by your own id of it, also before the dispute itself. Lost: nothing changes. Won: what"
        " the dispute took is given back, as far as no refund has a claim to it and the reward has not ended since.",
        {
            201: (answers.DisputeOutcome, "Recorded, with what was given back."),
            200: (answers.DisputeOutcome, "Sent before: the first answer."),
            202: (answers.DisputeOutcome, "Kept, until the dispute and its purchase arrive."),
        },
        (400, 401, 403, 404, 409, 413, 415, 422, 429),
        schemas.OutcomeBody,
        {"event_id": "out_1", "outcome": "won", "occurred_at": "2026-06-20T08:00:00Z"},
    ),
    Operation(
        "get",
        "/users/{external_id}",
        "getUser",
        "One person",
        "Their code, who referred them, and what stands in each of their accounts.",
        {200: (answers.UserNow, "As things stand.")},
        _READ,
    ),
    Operation(
        "get",
        "/users/{external_id}/rewards",
        "listUserRewards",
        "One person’s rewards",
        "The latest first.",
        {200: (answers.Rewards, "A page of them.")},
        _LIST,
        listed=True,
    ),
    Operation(
        "get",
        "/users/{external_id}/credit",
        "getCredit",
        "One person’s store credit",
        "What can be redeemed now, in each currency, and what is on its way there. Money is not in it.",
        {200: (answers.Credit, "As things stand.")},
        _READ,
    ),
    Operation(
        "post",
        "/users/{external_id}/credit/redemptions",
        "createRedemption",
        "Somebody spent store credit",
        "Take it off while they pay: more than is available is refused whole, and the answer says how much is."
        " The oldest approved rewards are taken first, the last one in part if need be; a reward is `paid` when all"
        " of it is redeemed.",
        {
            201: (answers.Redemption, "Taken off, and of which rewards."),
            200: (answers.Redemption, "Sent before: the first answer."),
        },
        (400, 401, 403, 404, 409, 413, 415, 422, 429),
        schemas.RedemptionBody,
        {"event_id": "spent_1", "amount": 1500, "currency": "USD", "occurred_at": "2026-06-14T10:00:00Z"},
    ),
    Operation(
        "post",
        "/users/{external_id}/credit/redemptions/{event_id}/reversal",
        "undoRedemption",
        "The order was cancelled",
        "Give back all that a redemption took: its rewards can be redeemed again.",
        {
            201: (answers.Redemption, "Given back, and to which rewards."),
            200: (answers.Redemption, "Sent before: the first answer."),
        },
        (401, 403, 404, 409, 429),
    ),
    Operation(
        "post",
        "/users/{external_id}/sign-in-link",
        "createSignInLink",
        "A link that signs a referrer in",
        "Send the browser of a referrer who is signed in at your site to this address: it opens their dashboard,"
        " once, within five minutes.",
        {201: (answers.SignInLink, "Made.")},
        (401, 403, 404, 429),
    ),
    Operation(
        "get",
        "/referrals",
        "listReferrals",
        "Who brought whom",
        "The latest first.",
        {200: (answers.Referrals, "A page of them.")},
        (401, 422, 429),
        listed=True,
    ),
    Operation(
        "get",
        "/rewards",
        "listRewards",
        "All rewards",
        "The latest first.",
        {200: (answers.Rewards, "A page of them.")},
        (401, 422, 429),
        listed=True,
    ),
    Operation(
        "post",
        "/rewards/{reward_id}/fulfilment",
        "fulfilReward",
        "A reward was handed over",
        "For rewards that are something else than money, store credit or a coupon: a T-shirt was sent, a month was"
        " given. An approved one becomes `paid`; any other is refused, and the answer names its status.",
        {
            201: (answers.Fulfilment, "It is paid now."),
            200: (answers.Fulfilment, "Sent before: the first answer."),
        },
        (400, 401, 403, 404, 409, 413, 415, 422, 429),
        schemas.FulfilmentBody,
        {"event_id": "sent_1", "note": "T-shirt, size M"},
    ),
    Operation(
        "get",
        "/conversions/{event_id}",
        "getConversion",
        "One conversion",
        "As it stands now: what became of its rewards, and how much was refunded.",
        {200: (answers.ConversionNow, "As things stand.")},
        _READ,
    ),
    Operation(
        "get",
        "/conversions/{event_id}/explanation",
        "explainConversion",
        "Why a conversion earned what it earned",
        "For each rule: the version that was live, the facts it looked at, the outcome, and the arithmetic.",
        {200: (answers.ConversionExplanation, "Each rule’s decision.")},
        _READ,
    ),
    Operation(
        "get",
        "/codes/{code}",
        "getCode",
        "Whose code it is",
        "In either case; O, I and L are read as 0, 1 and 1.",
        {200: (answers.Code, "A code that works.")},
        _READ,
    ),
)
