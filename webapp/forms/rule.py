"""A reward rule as a form: its fields come from the kind, what was typed becomes a definition."""

import re
import unicodedata
from datetime import datetime
from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, FieldList, FormField, HiddenField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import ValidationError

from webapp.domain.condition_fields import METADATA
from webapp.domain.facts import CONVERSION_TYPE
from webapp.domain.limits import SCOPE_LABELS, SCOPES
from webapp.domain.registry import KINDS, Kind, Setting, counts_friends, plain_settings
from webapp.domain.rule_words import REWARD_LABELS, SIDE_LABELS, TRIGGERS
from webapp.domain.rules import (
    COUPON_KIND,
    LONGEST_HOLD_DAYS,
    LONGEST_KEY,
    LONGEST_NAME,
    LONGEST_NOTE,
    REWARDS,
    RuleDefinition,
    RuleError,
    read_rule,
)
from webapp.forms.rule_parts import ConditionList, LimitForm, shown_condition, shown_limit
from webapp.forms.rule_settings import (
    PREFIX,
    control_of,
    default_settings,
    fields_of,
    read_settings_of,
    sentence_of,
    shown_settings,
)
from webapp.forms.rule_steps import StepList
from webapp.forms.typed import TypedError, moment_of, moment_shown, whole_of

OTHER = "other"
MODES = {"all": _l("all of these are true"), "any": _l("at least one of these is true")}
GROUPS = ("conditions", "others")
_KEY = re.compile(r"[a-z0-9]+([-_.][a-z0-9]+)*")
_TYPE = re.compile(CONVERSION_TYPE)


class RuleForm(FlaskForm):
    """All but the settings, which a kind's own form adds; see `form_of`.

    `number` is the version that the form was opened on, 0 for a new rule.
    `conditions` are those of which all, or one, must hold, as `mode` says;
    `others` is the other group, for the few rules that have both.
    """

    number = HiddenField(default="0")
    kind = HiddenField()
    name = StringField(_l("Name"))
    key = StringField(_l("Key"))
    trigger = SelectField(
        _l("What the friend does"),
        choices=[
            *(SelectChoice(name, lazy_gettext(label)) for name, label in TRIGGERS.items()),
            SelectChoice(OTHER, _l("does something else")),
        ],
        default="purchase",
        validate_choice=False,
    )
    trigger_type = StringField(_l("Its type, as you report it"))
    beneficiary = SelectField(
        _l("Who is paid"),
        choices=[SelectChoice(side, lazy_gettext(label)) for side, label in SIDE_LABELS.items()],
        default=next(iter(SIDE_LABELS)),
        validate_choice=False,
    )
    reward = SelectField(
        _l("Form of the reward"),
        choices=[SelectChoice(name, lazy_gettext(REWARD_LABELS.get(name, name))) for name in REWARDS],
        validate_choice=False,
    )
    hold_days = StringField(_l("Hold"))
    starts_at = StringField(_l("Starts"))
    ends_at = StringField(_l("Ends"))
    mode = SelectField(_l("All or any"), choices=[SelectChoice(*mode) for mode in MODES.items()], validate_choice=False)
    conditions = ConditionList()
    others = ConditionList()
    per_referrer = FormField(LimitForm)
    program = FormField(LimitForm)
    exclusive = StringField(_l("Group"))

    def __init__(self, kind: Kind, *, currency: str, time_zone: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.of_kind, self.currency, self.time_zone = kind, currency, time_zone
        self.kind.data = kind.name
        # A coupon goes with its own kind, and that with nothing else.
        is_coupon = kind.name == COUPON_KIND
        self.reward.choices = [one for one in self.reward.choices if (one.value == "coupon") == is_coupon]
        if is_coupon:
            self.reward.data = "coupon"

    @property
    def sentence(self) -> list[tuple[str, str]]:
        """The settings as a sentence, in pieces; see `sentence_of`."""
        return sentence_of(self.of_kind)

    @property
    def settings(self) -> list[tuple[str, Setting, str]]:
        """The name of the field of each setting, the setting, and what stands right after the control."""
        return [(PREFIX + setting.name, setting, control_of(setting).unit) for setting in self.of_kind.fields]

    def add_condition(self, group: str) -> None:
        """Put one more row into a group of conditions."""
        # What one mostly asks first: whether the amount is large enough.
        self[group].add({"op": ">=", "currency": self.currency})

    def settle_conditions(self) -> None:
        """Let a condition that has just become one on a detail begin with equality: details are mostly words."""
        for row in (entry.form for group in GROUPS for entry in self[group].entries):
            if row.takes_field == METADATA and not row.detail.data:
                row.op.data = "="

    def remove_condition(self, row: str) -> None:
        """Take out the row with this name, such as "conditions-2"; the others keep their names."""
        for group in GROUPS:
            self[group].remove(row)

    @property
    def step_lists(self) -> dict[str, StepList]:
        """The fields of settings that are lists of steps."""
        return {name: self[name] for name, _setting, _unit in self.settings if isinstance(self[name], StepList)}

    def fill_from(self, fresh: "RuleForm") -> None:
        """Let settings for which nothing was typed begin as in the form of a new rule."""
        for name, _setting, _unit in self.settings:
            if name not in self.step_lists:
                self[name].data = self[name].data or fresh[name].data
            elif not self[name].entries:
                self[name].add({})

    def definition(self, base: RuleDefinition | None) -> RuleDefinition | None:
        """Return what was typed. None when something is wrong, which is said at its field then.

        `base` is the version that is changed; its moments stay as exact as they
        were where nobody touched them.
        """
        _forget_errors(self)
        table = self._table(base)
        if self.errors:
            return None
        try:
            return read_rule(table)
        except RuleError as error:
            self._say_at_field(error)
            return None

    def draft(self, base: RuleDefinition | None) -> tuple[RuleDefinition | None, list[tuple[str, str]]]:
        """Return what was typed so far for an example, which needs neither name nor key, or labels and problems.

        Nothing is said at the fields: whoever is still typing has not made a mistake yet.
        """
        name, key = self.name.data, self.key.data
        self.name.data, self.key.data = "-", "example"
        rule, problems = self.definition(base), self._problems()
        self.name.data, self.key.data = name, key
        _forget_errors(self)
        return rule, problems

    def asked_for(self) -> list[tuple[str, str, Any]]:
        """Return field, comparison and value of each condition that is complete so far."""
        tables = [entry.form.table() for group in GROUPS for entry in self[group].entries]
        _forget_errors(self)
        return [(table["field"], table["op"], table["value"]) for table in tables if table]

    def _problems(self) -> list[tuple[str, str]]:
        labels = {PREFIX + setting.name: gettext(setting.label) for setting in self.of_kind.fields}
        labels |= {scope: gettext(label) for scope, label in SCOPE_LABELS.items()}
        labels |= dict.fromkeys(GROUPS, gettext("Conditions"))
        found = []
        for name, field in self._fields.items():
            errors = [text for text in field.errors if text]
            if isinstance(field, FormField):
                errors = [text for part in field.form for text in part.errors]
            elif isinstance(field, StepList) and not field.problem:
                found += [(_("Step %(number)s", number=number), text) for number, text in field.problems()]
                continue
            elif isinstance(field, FieldList):
                errors = [text for row in field.entries for part in row.form for text in part.errors] or errors
            found += [(labels.get(name, str(field.label.text)), str(text)) for text in errors]
        return found + [("", str(text)) for text in self.form_errors]

    def _table(self, base: RuleDefinition | None) -> dict[str, Any]:
        table: dict[str, Any] = {
            "name": self._name(),
            "key": base.key if base else self._key(),
            "trigger": self._trigger(),
            "beneficiary": _chosen(self.beneficiary, SIDE_LABELS),
            "kind": self.of_kind.name,
            "settings": read_settings_of(self.of_kind, self._fields, self.currency),
            "reward": _chosen(self.reward, REWARDS) if self.reward.data else "cash",
            "hold_days": self._hold_days(),
            "starts_at": self._moment(self.starts_at, base.starts_at if base else None),
            "ends_at": self._moment(self.ends_at, base.ends_at if base else None),
            "when": self._when(),
            "limits": self._limits(),
            "exclusive": self._exclusive(),
        }
        if table["beneficiary"] == "friend" and counts_friends(self.of_kind):
            self.beneficiary.errors = [
                _("This kind counts friends for whoever brought them: please choose the referrer.")
            ]
        starts, ends = table["starts_at"], table["ends_at"]
        if starts and ends and ends <= starts:
            self.ends_at.errors = [_("Please write an end that is later than the start.")]
        return {name: value for name, value in table.items() if value is not None}

    def _name(self) -> str:
        name = (self.name.data or "").strip()
        if not name:
            self.name.errors = [_("Please write a name.")]
        elif len(name) > LONGEST_NAME or not name.isprintable():
            self.name.errors = [_("Please write one line of at most %(most)s characters.", most=LONGEST_NAME)]
        return name

    def _key(self) -> str:
        key = (self.key.data or "").strip()
        if not key and not self.name.errors:
            key = key_from(self.name.data or "")
            if not key:
                self.key.errors = [_("Please write a key: none can be made from this name.")]
        elif key and (len(key) > LONGEST_KEY or not _KEY.fullmatch(key)):
            self.key.errors = [_("Please write small letters and digits with hyphens, as in friends-20-percent.")]
        return key

    def _trigger(self) -> str:
        if self.trigger.data in TRIGGERS:
            return str(self.trigger.data)
        own = (self.trigger_type.data or "").strip()
        if not _TYPE.fullmatch(own):
            self.trigger_type.errors = [
                _("Please write the type as you report it: small letters, digits and hyphens, as in trial-started.")
            ]
        return own

    def _hold_days(self) -> int | None:
        text = (self.hold_days.data or "").strip()
        try:
            return whole_of(text, 0, LONGEST_HOLD_DAYS) if text else None
        except TypedError as error:
            self.hold_days.errors = [str(error)]
            return None

    def _moment(self, field: Field, base: datetime | None) -> datetime | None:
        text = (field.data or "").strip()
        if not text or (base and text == moment_shown(base, self.time_zone)):
            return base if text else None
        try:
            return moment_of(text, self.time_zone)
        except TypedError as error:
            field.errors = [str(error)]
            return None

    def _when(self) -> dict[str, Any] | None:
        names = ("all", "any") if self.mode.data != "any" else ("any", "all")
        when = {}
        for group, name in zip(GROUPS, names, strict=True):
            tables = [entry.form.table() for entry in self[group].entries]
            if not all(tables):
                self[group].errors = [_("A condition needs another look.")]
            if tables:
                when[name] = tables
        return when or None

    def _limits(self) -> dict[str, Any] | None:
        limits = {scope: table for scope in SCOPES if (table := self[scope].form.table())}
        return limits or None

    def _exclusive(self) -> str | None:
        group = (self.exclusive.data or "").strip()
        if group and (len(group) > LONGEST_KEY or not _KEY.fullmatch(group)):
            self.exclusive.errors = [_("Please write small letters and digits with hyphens, as in purchase-bonus.")]
        return group or None

    def _say_at_field(self, error: RuleError) -> None:
        """Say what only the reader of rules found, which is rare, as near to its field as can be."""
        top, _dot, below = error.field.partition(".")
        name = PREFIX + below if top == "settings" else top
        problem = _("This cannot be taken: it %(problem)s.", problem=error.problem)
        if name in self._fields and not isinstance(self[name], FormField | FieldList):
            self[name].errors = [problem]
        else:
            self.form_errors.append(problem)


class PublishForm(FlaskForm):
    """The last step: what is published, on top of which version, and why."""

    definition = HiddenField()
    number = HiddenField()
    note = StringField(_l("Why"))

    def validate_note(self, field: Field) -> None:
        field.data = (field.data or "").strip()
        if not field.data:
            raise ValidationError(_("Please write why, in a line: whoever looks at this later will thank you."))
        if len(field.data) > LONGEST_NOTE or not field.data.isprintable():
            raise ValidationError(_("Please write one line of at most %(most)s characters.", most=LONGEST_NOTE))


class RuleStateForm(PublishForm):
    """Letting a rule pause, go on or end."""

    definition = None


def form_of(kind: Kind) -> type[RuleForm]:
    """Return the form of a kind, with a field for each of its settings."""
    return type(f"RuleForm_{kind.name}", (RuleForm,), fields_of(kind))


def new_form(kind: Kind, *, currency: str, time_zone: str) -> RuleForm:
    """Return the form of a new rule."""
    limits = {scope: shown_limit(None, currency) for scope in SCOPES}
    data = {"number": "0", **limits, **default_settings(kind, currency)}
    return form_of(kind)(kind, currency=currency, time_zone=time_zone, formdata=None, data=data)


def filled_form(rule: RuleDefinition, number: int, *, currency: str, time_zone: str) -> RuleForm:
    """Return the form with what a rule says. `number` is the version that it will be compared with."""
    kind = KINDS[rule.kind]
    all_of, any_of = (rule.when.all_of, rule.when.any_of) if rule.when else ((), ())
    mode = "all" if all_of or not any_of else "any"
    groups = (all_of, any_of) if mode == "all" else (any_of, all_of)
    limits = {scope: shown_limit(getattr(rule.limits, scope, None), currency) for scope in SCOPES}
    data = {
        "number": str(number),
        "name": rule.name,
        "key": rule.key,
        "trigger": rule.trigger if rule.trigger in TRIGGERS else OTHER,
        "trigger_type": "" if rule.trigger in TRIGGERS else rule.trigger,
        "beneficiary": rule.beneficiary,
        "reward": rule.reward,
        "hold_days": "" if rule.hold_days is None else str(rule.hold_days),
        "starts_at": moment_shown(rule.starts_at, time_zone) if rule.starts_at else "",
        "ends_at": moment_shown(rule.ends_at, time_zone) if rule.ends_at else "",
        "exclusive": rule.exclusive or "",
        "mode": mode,
        **{
            name: [shown_condition(condition, currency) for condition in group]
            for name, group in zip(GROUPS, groups, strict=True)
        },
        **limits,
        **shown_settings(kind, plain_settings(rule.settings), currency),
    }
    return form_of(kind)(kind, currency=currency, time_zone=time_zone, formdata=None, data=data)


def key_from(name: str) -> str:
    """Return a key made from a name: its letters without accents, its digits, and hyphens between."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("%", " percent ")).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.replace("'", ""))
    return "-".join(words)[:LONGEST_KEY].strip("-")


def _forget_errors(form: Any) -> None:
    """Let no field of a form or of its parts say that anything is wrong."""
    form.form_errors = []
    for field in form:
        if isinstance(field, FormField):
            _forget_errors(field.form)
            continue
        field.errors = []
        for entry in field.entries if isinstance(field, FieldList) else ():
            _forget_errors(entry.form)


def _chosen(field: Field, choices: Any) -> str:
    """Return what was chosen. What is no choice, which only a forged form sends, is said at the field."""
    if field.data not in choices:
        field.errors = [_("Please choose one.")]
    return str(field.data)
