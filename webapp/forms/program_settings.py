"""The settings of a program."""

from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional, ValidationError

from webapp.domain.consent import MODES as CONSENT_MODES
from webapp.domain.money import EXPONENTS
from webapp.domain.settings import (
    LONGEST_HOLD_DAYS,
    LONGEST_KEPT_DAYS,
    LONGEST_WINDOW_DAYS,
    MODELS,
    SHORTEST_KEPT_DAYS,
)

LONGEST_NAME = 60
LONGEST_URL = 500
LONGEST_HOSTS = 5_000

# Places, and UTC: the rest of the list are old names and zones without a place.
_REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
TIME_ZONES = ("UTC", *sorted(zone for zone in available_timezones() if zone.partition("/")[0] in _REGIONS))


class ProgramSettingsForm(FlaskForm):
    """Everything that its admins may change. What has a fixed currency or time zone does not send them."""

    name = StringField(_l("Name"), filters=[lambda text: " ".join(text.split()) if text else text])
    currency = SelectField(_l("Currency"), choices=sorted(EXPONENTS), validate_choice=False)
    time_zone = SelectField(_l("Time zone"), choices=TIME_ZONES, validate_choice=False)
    landing_url = StringField(_l("Landing page"), filters=[lambda text: text.strip() if text else text])
    allowed_hosts = TextAreaField(_l("Other sites"))
    attribution_model = StringField(_l("Who is credited"))
    window_days = IntegerField(_l("Window"))
    hold_days = IntegerField(_l("Hold"))
    keep_clicks_days = IntegerField(_l("Keep clicks"))
    keep_metadata_days = IntegerField(_l("Keep details of orders"), validators=[Optional()])
    consent_mode = StringField(_l("What visitors’ browsers remember"))

    def validate_name(self, field: Field) -> None:
        name = field.data or ""
        if not name or not any(character.isalnum() for character in name):
            raise ValidationError(_l("Please write what the program is called, as in “Fernhill Coffee”."))
        if len(name) > LONGEST_NAME:
            raise ValidationError(_l("Please write at most %(max)d characters.", max=LONGEST_NAME))
        if not name.isprintable():
            raise ValidationError(_l("Please write the name in letters; this one holds invisible characters."))

    def validate_currency(self, field: Field) -> None:
        if field.data not in EXPONENTS:
            raise ValidationError(_l("Please choose one of the currencies."))

    def validate_time_zone(self, field: Field) -> None:
        if field.data not in TIME_ZONES:
            raise ValidationError(_l("Please choose one of the time zones."))

    def validate_landing_url(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(_l("Please write where links lead, as in /signup or https://shop.example/welcome."))
        if len(field.data) > LONGEST_URL:
            raise ValidationError(_l("Please write at most %(max)d characters.", max=LONGEST_URL))

    def validate_allowed_hosts(self, field: Field) -> None:
        if len(field.data or "") > LONGEST_HOSTS:
            raise ValidationError(_l("Please write at most %(max)d characters.", max=LONGEST_HOSTS))

    def validate_attribution_model(self, field: Field) -> None:
        if field.data not in MODELS:
            raise ValidationError(_l("Please choose who is credited."))

    def validate_consent_mode(self, field: Field) -> None:
        if field.data not in CONSENT_MODES:
            raise ValidationError(_l("Please choose what visitors’ browsers remember."))

    def validate_window_days(self, field: Field) -> None:
        _check_days(field, 1, LONGEST_WINDOW_DAYS)

    def validate_hold_days(self, field: Field) -> None:
        _check_days(field, 0, LONGEST_HOLD_DAYS)

    def validate_keep_clicks_days(self, field: Field) -> None:
        _check_days(field, SHORTEST_KEPT_DAYS, LONGEST_KEPT_DAYS)
        window = self.window_days.data
        if window and window <= LONGEST_WINDOW_DAYS and field.data < window:
            raise ValidationError(
                _l(
                    "The window above is %(days)d days. Please keep clicks at least as long, or a click is gone before"
                    " it can earn the credit.",
                    days=window,
                )
            )

    def validate_keep_metadata_days(self, field: Field) -> None:
        if field.data is not None:
            _check_days(field, SHORTEST_KEPT_DAYS, LONGEST_KEPT_DAYS)


def _check_days(field: Field, fewest: int, most: int) -> None:
    if field.data is None or not fewest <= field.data <= most:
        # What WTForms says of something that is no number gives way to what would be one.
        field.errors = []
        raise ValidationError(_l("Please write a whole number of days from %(min)d to %(max)d.", min=fewest, max=most))
