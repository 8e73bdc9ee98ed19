"""Name, language and look."""

from datetime import timedelta

from babel import Locale
from flask import Blueprint, Response, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug import Response as AnyResponse
from wtforms.fields.choices import SelectChoice

from webapp.database import write_transaction
from webapp.extensions import babel
from webapp.formatting import DEFAULT_LANGUAGE, reader_locale
from webapp.forms.profile import THEMES, ProfileForm
from webapp.services.people import change_profile
from webapp.signed_in import own_row
from webapp.web import render

bp = Blueprint("profile", __name__, url_prefix="/profile")

# As static/js/theme.js and app.js know it.
THEME_COOKIE, THEME_AGE = "theme", timedelta(days=365)


@bp.get("")
def edit() -> Response:
    theme = request.cookies.get(THEME_COOKIE, "")
    form = _form(name=current_user.name, language=current_user.language or "", theme=theme if theme in THEMES else "")
    return _page(form)


@bp.post("")
def update() -> ResponseReturnValue:
    form = _form()
    if not form.validate_on_submit():
        return _page(form, status=422)
    language = form.language.data or None
    with write_transaction() as session:
        user = own_row(session)
        change_profile(session, user, name=form.name.data, language=language)
    # In the language that was just chosen.
    with force_locale(reader_locale(language, request.accept_languages.values(), _translated())):
        flash(_("Your settings are saved."))
    response = redirect(url_for(".edit"), code=303)
    _set_theme(response, form.theme.data)
    return response


def _form(**values: str) -> ProfileForm:
    form = ProfileForm(data=values)
    form.language.choices = [
        SelectChoice("", _("As my browser says")),
        *(SelectChoice(one, _own_name(one)) for one in _languages()),
    ]
    return form


def _languages() -> list[str]:
    """Return the languages that pages can be read in, English among them, by their own names."""
    return sorted({DEFAULT_LANGUAGE, *_translated()}, key=_own_name)


def _translated() -> list[str]:
    return [locale.language for locale in babel.list_translations()]


def _own_name(language: str) -> str:
    name: str = Locale.parse(language).display_name or language
    return name[:1].upper() + name[1:]


def _set_theme(response: AnyResponse, theme: str) -> None:
    """Remember light or dark in this browser; without either, the page follows the system."""
    secure: bool = current_app.config["SESSION_COOKIE_SECURE"]
    if theme in THEMES:
        # The script that sets it before the first paint reads it too.
        response.set_cookie(THEME_COOKIE, theme, max_age=THEME_AGE, samesite="Lax", secure=secure)
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax", secure=secure)


def _page(form: ProfileForm, *, status: int = 200) -> Response:
    return render("account/profile/edit.html", form=form, status=status)
