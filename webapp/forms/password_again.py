"""The password, typed again for what only the person themselves may do."""

from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import Field, PasswordField
from wtforms.validators import ValidationError

from webapp.limits import sign_in_attempt
from webapp.passwords import LONGEST, verify_password


class PasswordAgain:
    """Part of a form: `class PayoutForm(PasswordAgain, FlaskForm)`, and `field(form.current_password, …)` in its page.

    Validating it is the whole check. A wrong one counts as a failed sign-in, and above the limit of those it raises
    TooManyRequests. It takes as long as a sign-in, so validate before a write transaction begins.
    """

    current_password = PasswordField(_l("Your password"))

    def validate_current_password(self, field: Field) -> None:
        typed = field.data or ""
        if current_user.password_hash is None:
            raise ValidationError(_l("You have no password yet. Please choose one first, under “Sign-in”."))
        if not typed:
            raise ValidationError(_l("Please write the password that you sign in with."))
        with sign_in_attempt(current_user.email) as attempt:
            right = verify_password(current_user.password_hash, typed[:LONGEST]) and len(typed) <= LONGEST
            attempt.failed = not right
        # Not before: an error that leaves the block is one of ours, and takes the count back.
        if not right:
            raise ValidationError(_l("This is not your password."))
