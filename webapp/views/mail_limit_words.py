"""That a link was mailed as often as may be, in words."""

from flask_babel import ngettext

from webapp.services.mail_limits import MailedTooOftenError


def mailed_too_often(often: MailedTooOftenError) -> str:
    """Say when the next mail can go."""
    return ngettext(
        "Several mails went there lately. The next one can go in %(num)s minute.",
        "Several mails went there lately. The next one can go in %(num)s minutes.",
        -(-seconds_to_wait(often) // 60),
    )


def seconds_to_wait(often: MailedTooOftenError) -> int:
    """Return in how many seconds the next mail can go, at least one."""
    return max(1, round(often.wait.total_seconds()))
