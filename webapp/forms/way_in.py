"""What an admin types to let somebody back into their account."""

from flask_wtf import FlaskForm

from webapp.forms.password_again import PasswordAgain


class SecondFactorEndForm(PasswordAgain, FlaskForm):
    """The admin's own password again, and nothing else."""
