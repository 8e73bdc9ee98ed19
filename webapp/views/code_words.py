"""Why a code of a second factor was not taken, in words."""

from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.exceptions import TooManyRequests

from webapp.limits import CodesClosedError
from webapp.second_factor import is_app_code


def wrong_code(typed: str) -> str:
    """Say what is wrong with a code, without telling whether it was ever good."""
    if is_app_code(typed):
        return _("This code is not right, or was used already. Wait for the next one in the app.")
    return _("This is neither a code of six digits from the app nor a recovery code that is left.")


def codes_closed(refused: CodesClosedError) -> str:
    """Say when codes from the app are read again."""
    return ngettext(
        "Too many wrong codes. Codes from the app are read again in %(num)s minute; a recovery code works now.",
        "Too many wrong codes. Codes from the app are read again in %(num)s minutes; a recovery code works now.",
        -(-seconds_closed(refused) // 60),
    )


def seconds_closed(refused: TooManyRequests) -> int:
    """Return in how many seconds it can be tried again."""
    return refused.retry_after if isinstance(refused.retry_after, int) else 60
