"""What may be remembered in a visitor's browser."""

from typing import Literal, cast

ConsentMode = Literal["cookie", "required", "none"]

# From the loosest to the strictest: remembered at once, once the visitor agreed on the business's own site, never.
MODES: tuple[ConsentMode, ...] = ("cookie", "required", "none")


def mode_for(program_mode: str, *, gpc: str | None) -> ConsentMode:
    """Return the mode that holds for one request.

    `gpc` is its header `Sec-GPC`, None without one: whoever's browser sends Global Privacy Control has said no already.
    """
    return "none" if gpc is not None and gpc.strip() == "1" else cast(ConsentMode, program_mode)


def may_set_cookie(mode: ConsentMode) -> bool:
    """Say whether this site may set the visitor's cookie, and read the one that is there."""
    return mode == "cookie"


def carries_click(mode: ConsentMode, *, elsewhere: bool) -> bool:
    """Say whether a redirect carries the signed click: to another site always, to this one when no cookie holds it."""
    return elsewhere or not may_set_cookie(mode)
