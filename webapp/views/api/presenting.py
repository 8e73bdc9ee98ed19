"""Rows as the API shows them."""

from collections.abc import Iterable

from flask import Response, current_app

from webapp.domain.sentences import Sentence, plain
from webapp.models import Conversion, Link, Referral, User
from webapp.queries.conversions import Decided
from webapp.queries.rewards import RewardRow
from webapp.views.api import answers
from webapp.web import absolute_url


def respond(answer: answers.Answer | str, status: int = 200) -> Response:
    """Return an answer, or one that was kept as text, as JSON."""
    body = answer if isinstance(answer, str) else answer.model_dump_json()
    return current_app.response_class(body, status=status, mimetype="application/json")


def present_user(user: User, link: Link) -> answers.User:
    return answers.User(
        id=user.id,
        external_id=user.external_id,
        referral_code=link.code,
        referral_url=absolute_url(f"/r/{link.code}"),
    )


def present_referral(referral: Referral) -> answers.Referral:
    return answers.Referral(
        id=referral.id,
        referrer_id=referral.referrer_id,
        method=referral.method,  # type: ignore[arg-type]
    )


def present_reward(row: RewardRow) -> answers.Reward:
    return answers.Reward(**_reward(row))


def present_listed_reward(row: RewardRow) -> answers.ListedReward:
    return answers.ListedReward(**_reward(row), event_id=row.event_id, granted_at=row.granted_at)


def present_conversion(conversion: Conversion) -> answers.ConversionPart:
    return answers.ConversionPart(
        id=conversion.id,
        event_id=conversion.event_id or "",
        type=conversion.type,
        amount=conversion.amount_minor,
        currency=conversion.currency,
    )


def explain(decisions: Iterable[Decided]) -> list[answers.RuleExplanation]:
    """Say what was decided, rule by rule, in English."""
    return [
        answers.RuleExplanation(rule=decided.rule_key, code=decided.code, text=in_english(decided.because))
        for decided in decisions
    ]


def in_english(sentences: Iterable[Sentence]) -> str:
    return " ".join(plain(sentence) for sentence in sentences)


def _reward(row: RewardRow) -> dict[str, object]:
    return {
        "id": row.id,
        "beneficiary_id": row.beneficiary_id,
        "side": row.side,
        "kind": row.kind,
        "amount": None if row.kind == "coupon" else row.amount_minor,
        "reversed": row.taken_minor,
        "currency": None if row.kind == "coupon" else row.currency,
        "status": row.status,
        "matures_at": row.matures_at,
        "rule": answers.RuleVersion(key=row.version.definition.key, version=row.version.number),
        "correction": row.correction,
    }
