"""Which kinds of mail people want."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from webapp.domain.mail_kinds import OPTIONAL, kinds_for
from webapp.models import User


def choose_mails(session: Session, user: User, wanted: Collection[str]) -> None:
    """Turn off the kinds that can reach a person and are not `wanted`. What else they chose stays."""
    can_reach = kinds_for(user.role)
    others = {kind: True for kind, is_off in user.muted_mails.items() if is_off is True and kind not in can_reach}
    # A new dict: what changes inside one is not noticed.
    user.muted_mails = others | {kind: True for kind in can_reach if kind not in wanted}
    session.flush()


def mute(session: Session, user: User, kind: str) -> None:
    """Turn one kind off. Raises ValueError for one that cannot be turned off."""
    if kind not in OPTIONAL:
        raise ValueError(f"{kind} cannot be turned off")
    user.muted_mails = user.muted_mails | {kind: True}
    session.flush()


def unmute(session: Session, user: User, kind: str) -> None:
    """Let one kind come again."""
    user.muted_mails = {name: is_off for name, is_off in user.muted_mails.items() if name != kind}
    session.flush()
