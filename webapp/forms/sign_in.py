"""Signing in."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField


class SignInForm(FlaskForm):
    """E-mail and password. Nothing is checked here: every failure gets the same answer."""

    email = EmailField(_l("E-mail"), filters=[lambda text: text.strip() if text else text])
    password = PasswordField(_l("Password"))
