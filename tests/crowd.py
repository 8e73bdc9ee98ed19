"""Many friends with an order each, and many links, by plain inserts: for what must not grow with them."""

from datetime import timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from tests import factories
from tests.factories import NOON
from webapp.ids import new_id
from webapp.models import (
    AttributionDecision,
    AttributionTouch,
    Conversion,
    LedgerEntry,
    LedgerTransaction,
    Link,
    LinkDay,
    Referral,
    Reward,
    RewardDecision,
    RewardEvent,
    RewardRuleVersion,
    User,
)


def crowd(session: Session, referrer: User, count: int, *, tag: str) -> None:
    """Give a referrer `count` friends more, each with a pending reward, and `count` links more with a click each."""
    program, link = factories.program(session), factories.link_of(session, referrer)
    # Decided like an order that there is: somebody has bought already.
    like = session.scalars(select(RewardDecision).where(RewardDecision.beneficiary_id == referrer.id)).first()
    assert like is not None
    version = session.get_one(RewardRuleVersion, like.rule_version_id)
    rows: dict[type, list[dict[str, object]]] = {}
    own = {"program_id": program.id}
    for number in range(count):
        friend, decision, referral, conversion, reward, transaction, further = (new_id() for _ in range(7))
        at = NOON - timedelta(hours=number % 700)
        name = f"{tag}-{number}"
        address = f"{name}@example.org"
        kept = {"amount_minor": 100, "currency": "USD"}
        entry = {**own, "transaction_id": transaction, "user_id": referrer.id, "currency": "USD"}
        for model, row in (
            (
                User,
                {
                    **own,
                    "id": friend,
                    "name": f"Friend {name}",
                    **dict.fromkeys(("email", "email_key", "mailbox_key"), address),
                    "role": "referrer",
                    "muted_mails": {},
                    "created_at": at,
                },
            ),
            (
                AttributionDecision,
                {
                    **own,
                    "id": decision,
                    "friend_id": friend,
                    "signed_up_at": at,
                    "model": "last",
                    "window_days": 60,
                    "reason": "credited",
                },
            ),
            (
                AttributionTouch,
                {
                    "id": new_id(),
                    "decision_id": decision,
                    "position": 1,
                    "kind": "typed_code",
                    "link_id": link.id,
                    "referrer_id": referrer.id,
                    "touched_at": at,
                    "same_mailbox": False,
                    "outcome": "credited",
                },
            ),
            (
                Referral,
                {
                    **own,
                    "id": referral,
                    "referrer_id": referrer.id,
                    "friend_id": friend,
                    "link_id": link.id,
                    "method": "typed_code",
                    "decision_id": decision,
                    "created_at": at,
                },
            ),
            (
                Conversion,
                {
                    **own,
                    "id": conversion,
                    "event_id": name,
                    "type": "purchase",
                    "user_id": friend,
                    "referral_id": referral,
                    "amount_minor": 500,
                    "currency": "USD",
                    "occurred_at": at,
                    "recorded_at": at,
                },
            ),
            (
                RewardDecision,
                {
                    "conversion_id": conversion,
                    "sequence": 1,
                    "rule_version_id": version.id,
                    "side": "referrer",
                    "beneficiary_id": referrer.id,
                    "code": "earned",
                    "facts": like.facts,
                    "because": like.because,
                    **kept,
                    "decided_at": at,
                },
            ),
            (
                Reward,
                {
                    **own,
                    "id": reward,
                    "conversion_id": conversion,
                    "rule_id": version.rule_id,
                    "rule_version_id": version.id,
                    "beneficiary_id": referrer.id,
                    "side": "referrer",
                    "kind": "cash",
                    **kept,
                    "status": "pending",
                    "sequence": 1,
                    "matures_at": at + timedelta(days=30),
                    "granted_at": at,
                },
            ),
            (
                RewardEvent,
                {
                    "reward_id": reward,
                    "sequence": 1,
                    "status": "pending",
                    "reason": "granted",
                    "taken_minor": 0,
                    "actor": "system",
                    "at": at,
                },
            ),
            (LedgerTransaction, {**own, "id": transaction, "reward_id": reward, "reward_sequence": 1, "at": at}),
            (LedgerEntry, {**entry, "position": 1, "account": "expense", "amount_minor": -100}),
            (LedgerEntry, {**entry, "position": 2, "account": "pending", "amount_minor": 100}),
            (
                Link,
                {
                    **own,
                    "id": further,
                    "referrer_id": referrer.id,
                    **dict.fromkeys(("code", "code_key"), name.upper()),
                    "label": name,
                    "created_at": at,
                },
            ),
            (LinkDay, {"link_id": further, "day": at.date(), "referrer_id": referrer.id, "clicks": 1}),
        ):
            rows.setdefault(model, []).append(row)
    for model, of_it in rows.items():
        session.execute(insert(model), of_it)
