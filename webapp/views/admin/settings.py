"""The settings of the program."""

from flask import Blueprint, Response, current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.clicks.destinations import ForeignDestinationError, checked_hosts, checked_landing_page
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.settings import FixedSetting, Settings
from webapp.extensions import db
from webapp.forms.program_settings import TIME_ZONES, ProgramSettingsForm
from webapp.queries.programs import fixed_settings, settings_of
from webapp.services.programs import FixedSettingError, change_settings
from webapp.web import load_program, render

bp = Blueprint("settings", __name__, url_prefix="/settings")


@bp.get("")
def edit() -> Response:
    program = load_program()
    return _page(ProgramSettingsForm(formdata=None, data=_as_form(settings_of(program))))


@bp.post("")
def update() -> ResponseReturnValue:
    form, before = ProgramSettingsForm(), settings_of(load_program())
    for setting in fixed_settings(db.session(), load_program().id):
        # Its control is disabled, so browsers send nothing for it.
        if form[setting].raw_data in (None, []):
            form[setting].data = getattr(before, setting)
    if not form.consent_mode.raw_data:
        # Left out, which no browser does with a choice that is made: it stays.
        form.consent_mode.data = before.consent_mode
    wanted = _read(form)
    if wanted is None:
        return _page(form, status=422)
    try:
        with write_transaction() as session:
            changed = change_settings(session, load_program(), wanted, by=current_user.id, now=utc_now())
    except FixedSettingError as fixed:
        form[fixed.setting].errors = [_fixed_sentence(fixed.setting)]
        return _page(form, status=422)
    flash(
        _("Saved. It holds for what happens from now on; what was decided stays as it is.")
        if changed
        else _("Nothing was different, so nothing was changed.")
    )
    return redirect(url_for(".edit"), code=303)


def _read(form: ProgramSettingsForm) -> Settings | None:
    """Return what the form asks for; None when something in it is wrong, which then stands at its field."""
    landing_url = hosts = ""
    form.validate()
    if not form.landing_url.errors:
        try:
            landing_url = checked_landing_page(form.landing_url.data, own=current_app.config["BASE_URL"])
        except ForeignDestinationError:
            form.landing_url.errors = [
                _("Links can only lead to a page: a path of this site as in /signup, or an address with https://.")
            ]
    if not form.allowed_hosts.errors:
        try:
            hosts = checked_hosts(form.allowed_hosts.data or "")
        except ValueError as error:
            form.allowed_hosts.errors = [
                _("“%(line)s” is not a host. Write only the host, as in shop.example or shop.example:8443.", line=error)
            ]
    if form.errors:
        return None
    return Settings(
        name=form.name.data,
        currency=form.currency.data,
        time_zone=form.time_zone.data,
        landing_url=landing_url,
        allowed_hosts=hosts,
        attribution_model=form.attribution_model.data,
        window_days=form.window_days.data,
        hold_days=form.hold_days.data,
        keep_clicks_days=form.keep_clicks_days.data,
        keep_metadata_days=form.keep_metadata_days.data,
        consent_mode=form.consent_mode.data,
    )


def _page(form: ProgramSettingsForm, *, status: int = 200) -> Response:
    session, program = db.session(), load_program()
    zone = program.time_zone
    if zone not in TIME_ZONES:
        # One that was set elsewhere stays a choice.
        form.time_zone.choices = [zone, *TIME_ZONES]
    fixed = fixed_settings(session, program.id)
    return render(
        "admin/settings/edit.html",
        status=status,
        form=form,
        fixed={setting: _fixed_sentence(setting) for setting in fixed},
    )


def _fixed_sentence(setting: FixedSetting) -> str:
    if setting == "currency":
        return _("It can no longer change: orders and rewards are on the books, and totals of before are in it.")
    return _("It can no longer change: days were counted by it already, and another zone would cut them elsewhere.")


def _as_form(settings: Settings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in Settings.__slots__}
