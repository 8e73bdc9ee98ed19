"""By which signals friends are looked at, and what other settings would have made of those of the past."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.screening import HELD_FROM
from webapp.domain.screening_trial import Tried
from webapp.domain.signal_registry import SIGNALS, Category
from webapp.domain.signal_settings import SignalSettings
from webapp.extensions import db
from webapp.forms.signal_settings import SignalSettingsForm, shown_settings
from webapp.queries.screening_trials import try_on_past
from webapp.queries.signal_settings import signal_settings_of
from webapp.services.signal_settings import change_signals
from webapp.views.admin.signal_words import CATEGORY_HEADINGS, SignalBox, signal_box, signals_heading, trial_words
from webapp.web import load_program, render

bp = Blueprint("fraud_settings", __name__, url_prefix="/fraud/settings")

PAGE = "admin/fraud_settings/show.html"
FORM_PART, TRIAL_PART = "admin/fraud_settings/_form.html", "admin/fraud_settings/_trial.html"


@bp.get("")
def show() -> Response:
    program = load_program()
    settings, problem = signal_settings_of(program)
    form = SignalSettingsForm(formdata=None, data=shown_settings(settings, program.currency))
    return _page(form, problem=str(problem) if problem else "")


@bp.post("")
def update() -> ResponseReturnValue:
    form = SignalSettingsForm()
    wanted = form.read(load_program().currency)
    if wanted is None:
        return _page(form, status=422)
    with write_transaction() as session:
        changed = change_signals(session, load_program(), wanted, by=current_user.id, now=utc_now())
    flash(
        _("Saved. Friends who sign up from now on are looked at like this; what was decided stays.")
        if changed
        else _("Nothing was different, so nothing was changed.")
    )
    return redirect(url_for(".show"), code=303)


@bp.post("/trial")
def create_trial() -> Response:
    """Say what the settings as they are typed would have made of the friends of the past; nothing is saved."""
    form = SignalSettingsForm()
    draft, days = form.read(load_program().currency), form.read_days()
    if draft is None or days is None:
        return _whole_form(_page(form, part=FORM_PART, status=422))
    return _page(form, part=TRIAL_PART, trial=trial_words(_tried(draft, days), days))


@bp.post("/defaults")
def reset() -> Response:
    """Put the defaults of one signal into its fields; nothing is saved."""
    form, name = SignalSettingsForm(), request.form.get("signal", "")
    if not form.reset(name):
        abort(404)
    return _page(form, part=FORM_PART, opened=name)


def _tried(draft: SignalSettings, days: int) -> Tried:
    program, now = load_program(), utc_now()
    stored, _problem = signal_settings_of(program)
    return try_on_past(db.session(), program.id, draft, stored, since=now - timedelta(days=days), until=now)


def _whole_form(response: Response) -> Response:
    """Let htmx swap the form, not only what a trial found: what is wrong stands at its fields."""
    response.headers["HX-Retarget"] = "#signal-settings"
    return response


def _page(
    form: Any, *, status: int = 200, part: str | None = None, trial: Any = None, problem: str = "", opened: str = ""
) -> Response:
    return render(
        PAGE,
        part=part,
        status=status,
        form=form,
        categories=list(_categories(form, opened)),
        trial=trial,
        problem=problem,
        heading=signals_heading(signal_settings_of(load_program())[0]),
        held_from_default=HELD_FROM,
    )


def _categories(form: Any, opened: str) -> Iterator[tuple[Category, str, list[SignalBox]]]:
    """Return the signals by what they are about; a kind of which none is known yet is left out."""
    for category, heading in CATEGORY_HEADINGS.items():
        kinds = [kind for kind in SIGNALS.values() if kind.category == category]
        # What decides by itself first, then what says most.
        kinds.sort(key=lambda kind: (not kind.denies, -kind.signal().weight, kind.name))
        if kinds:
            boxes = [signal_box(kind, form.settings_of(kind), is_open=kind.name == opened) for kind in kinds]
            yield category, _(heading), boxes
