"""The settings of a program: what they may be, and which of them can no longer change."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Literal

FixedSetting = Literal["currency", "time_zone"]

LONGEST_WINDOW_DAYS = 400
LONGEST_HOLD_DAYS = 400
SHORTEST_KEPT_DAYS = 30
LONGEST_KEPT_DAYS = 4000
MODELS = ("last", "first")

# What the audit log keeps of them: codes and numbers. Names and addresses are kept out of it.
KEPT_IN_AUDIT = (
    *("currency", "time_zone", "attribution_model", "window_days", "hold_days"),
    *("consent_mode", "keep_clicks_days", "keep_metadata_days"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything about a program that its admins may change. `allowed_hosts` are hosts, one a line."""

    name: str
    currency: str
    time_zone: str
    landing_url: str
    allowed_hosts: str
    attribution_model: str
    window_days: int
    hold_days: int
    consent_mode: str
    keep_clicks_days: int
    # None: for good.
    keep_metadata_days: int | None = None


def first_kept_day(today: date, keep_clicks_days: int) -> date:
    """Return the first day of the program whose clicks are kept: today and that many whole days before it."""
    return today - timedelta(days=keep_clicks_days)


def changed_settings(before: Settings, after: Settings) -> tuple[str, ...]:
    """Return the names of the settings that differ."""
    return tuple(one.name for one in fields(Settings) if getattr(before, one.name) != getattr(after, one.name))


def change_for_audit(before: Settings, after: Settings) -> dict[str, object]:
    """Return what the audit log says of a change: which settings, and from what to what where that is a code."""
    changed = changed_settings(before, after)
    steps: Mapping[str, object] = {
        name: {"from": getattr(before, name), "to": getattr(after, name)} for name in changed if name in KEPT_IN_AUDIT
    }
    return {"changed": list(changed), **steps}
