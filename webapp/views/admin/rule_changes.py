"""Writing a reward rule: its form, what it would pay, what would change, and publishing it."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.registry import KINDS, Kind, paying_example
from webapp.domain.rule_words import reward_words, rule_sentence
from webapp.domain.rules import COUPON_KIND, RuleDefinition, RuleError, from_stored, to_stored
from webapp.domain.sentences import N_, Sentence
from webapp.extensions import db
from webapp.formatting import money, say
from webapp.forms.rule import PublishForm, RuleForm, filled_form, form_of, new_form
from webapp.forms.rule_settings import PREFIX
from webapp.queries.rules import Version, find_rule_id, rule_set
from webapp.rule_files import written
from webapp.services.rules import RuleKeyTakenError, StaleRuleError, begin_publishing, check_pool, publish_rule
from webapp.views.admin.rule_example import example_of
from webapp.views.admin.rule_lab import open_draft
from webapp.views.admin.rule_words import all_of, changes_between, state_look, stays
from webapp.views.admin.rules import bp, find_rule, groups_of, number_of
from webapp.views.worth import worth_text
from webapp.web import load_program, render


@bp.get("/new")
def new() -> Response:
    kind = KINDS.get(request.args.get("kind", ""))
    if kind is None:
        return _kinds()
    return _form_page(new_form(kind, **_ways()), None)


@bp.post("/new")
def redraw_new() -> Response:
    if rule := _definition_sent():
        # Back from the last step, to go on writing.
        return _form_page(filled_form(rule, 0, **_ways()), None)
    kind = _kind_sent()
    return _redrawn(kind, None) if kind else _kinds(status=422)


@bp.post("/new/review")
def review_new() -> Response:
    kind = _kind_sent()
    return _reviewed(kind, None) if kind else _kinds(status=422)


@bp.post("")
def create() -> ResponseReturnValue:
    rule = _definition_sent()
    return _published(rule, None) if rule else _kinds(status=422)


@bp.post("/new/lab")
def try_new() -> Response:
    kind = _kind_sent()
    return _tried(kind, None) if kind else _kinds(status=422)


@bp.post("/example")
def example() -> Response:
    kind = _kind_sent()
    if kind is None:
        return _kinds(status=422)
    rule_id = request.args.get("rule", type=UUID)
    base = _base(find_rule(rule_id)) if rule_id else None
    page = "admin/rules/edit.html"
    return _form_page(_form_sent(kind), base, page=page, part="admin/rules/_example.html")


@bp.get("/<uuid:rule_id>/edit")
def edit(rule_id: UUID) -> Response:
    versions = find_rule(rule_id)
    form = filled_form(_asked_for(versions).definition, versions[-1].number, **_ways())
    return _form_page(form, versions[-1])


@bp.post("/<uuid:rule_id>/edit")
def redraw(rule_id: UUID) -> Response:
    versions = find_rule(rule_id)
    if rule := _definition_sent():
        return _form_page(filled_form(rule, number_of(PublishForm()), **_ways()), _base(versions))
    return _redrawn(_kind_sent() or KINDS[versions[-1].definition.kind], _base(versions))


@bp.get("/<uuid:rule_id>/review")
def review_version(rule_id: UUID) -> Response:
    versions = find_rule(rule_id)
    return _review_page(_asked_for(versions).definition, versions[-1], again=_asked_for(versions))


@bp.post("/<uuid:rule_id>/review")
def review(rule_id: UUID) -> Response:
    versions = find_rule(rule_id)
    return _reviewed(_kind_sent() or KINDS[versions[-1].definition.kind], _base(versions))


@bp.post("/<uuid:rule_id>/lab")
def try_version(rule_id: UUID) -> Response:
    versions = find_rule(rule_id)
    return _tried(_kind_sent() or KINDS[versions[-1].definition.kind], _base(versions))


@bp.post("/<uuid:rule_id>/versions")
def publish(rule_id: UUID) -> ResponseReturnValue:
    latest = find_rule(rule_id)[-1]
    rule = _definition_sent()
    if rule is None or rule.key != latest.definition.key:
        abort(422)
    return _published(rule, latest)


def _ways() -> dict[str, str]:
    program = load_program()
    return {"currency": program.currency, "time_zone": program.time_zone}


def _kind_sent() -> Kind | None:
    return KINDS.get(request.form.get("kind", ""))


def _definition_sent() -> RuleDefinition | None:
    """Return the rule that the last step holds; None for what is none, which no page of ours sends."""
    try:
        stored = json.loads(request.form.get("definition", ""))
        return from_stored(stored) if isinstance(stored, Mapping) else None
    except (ValueError, TypeError, RecursionError, RuleError):
        return None


def _form_sent(kind: Kind) -> RuleForm:
    return form_of(kind)(kind, **_ways())


def _kept(form: RuleForm) -> list[tuple[str, str]]:
    """Return what was typed for settings of other kinds, for whoever goes back to one of them."""
    rows = [row for steps in form.step_lists.values() for row in steps.entries]
    ours = {*(name for name, _setting, _unit in form.settings), *(cell.name for row in rows for cell in row.form)}
    gone = tuple(f"{name}-" for name in form.step_lists)
    there = tuple(f"{row.name}-" for row in rows)
    return [
        (name, text)
        for name, text in request.form.items()
        if text
        and name.startswith(PREFIX)
        and name not in ours
        and (name.startswith(there) or not name.startswith(gone))
    ]


def _base(versions: tuple[Version, ...]) -> Version:
    """Return the version that the form was opened on, else the newest."""
    number = request.form.get("number", "")
    return next((version for version in versions if str(version.number) == number), versions[-1])


def _asked_for(versions: tuple[Version, ...]) -> Version:
    """Return the version that the address names, the newest one unless it does."""
    if "version" not in request.args:
        return versions[-1]
    wanted = request.args.get("version", type=int)
    return next((version for version in versions if version.number == wanted), None) or abort(404)


def _redrawn(kind: Kind, base: Version | None) -> Response:
    """Do to the form what its button says, and nothing else: a row more or less, another kind, or the example."""
    action, _colon, what = request.form.get("action", "").partition(":")
    if action == "kind" and what in KINDS:
        # What was typed and fits stays; the settings are those of the other kind.
        kind, before = KINDS[what], kind
        form = _form_sent(kind)
        if kind is not before:
            form.fill_from(new_form(kind, **_ways()))
    else:
        form = _form_sent(kind)
    if (steps := form.step_lists.get(what.partition("-")[0])) is not None:
        if action == "add":
            steps.add_step()
        elif action == "remove":
            steps.remove_step(what)
        return _form_page(form, base, part="admin/rules/_steps.html")
    if action == "add" and what in ("conditions", "others"):
        form.add_condition(what)
    if action == "remove":
        form.remove_condition(what)
    form.settle_conditions()
    return _form_page(form, base, part="admin/rules/_conditions_swapped.html")


def _reviewed(kind: Kind, base: Version | None) -> Response:
    """Show what would be published, or the form again with what is wrong at its field."""
    form = _form_sent(kind)
    # First: an example says nothing at the fields.
    example = example_of(form, base)
    rule = _definition_of(form, base)
    if rule is None:
        return _form_page(form, base, example=example, status=422)
    latest = find_rule(base.rule_id)[-1] if base else None
    stale = latest is not None and latest.number != number_of(form)
    return _review_page(rule, latest, stale=stale, status=409 if stale else 200)


def _definition_of(form: RuleForm, base: Version | None) -> RuleDefinition | None:
    """Return what was typed; None when something is wrong, which is said at its field then."""
    rule = form.definition(base.definition if base else None)
    if rule is not None and base is None and _key_taken(rule.key):
        form.key.errors = [_("Another rule has this key. Please write another one.")]
        return None
    if rule is not None and _names_no_pool(rule):
        form[f"{PREFIX}pool"].errors = [_("There is no coupon pool with this key. Make it first, or choose another.")]
        return None
    return rule


def _tried(kind: Kind, base: Version | None) -> Response:
    """Take the form as it stands to the lab, or show it again with what is wrong at its field."""
    form = _form_sent(kind)
    example = example_of(form, base)
    rule = _definition_of(form, base)
    if rule is None:
        return _form_page(form, base, example=example, status=422)
    return open_draft(rule, number_of(form))


def _published(rule: RuleDefinition, latest: Version | None) -> ResponseReturnValue:
    form = PublishForm()
    if not form.validate():
        return _review_page(rule, latest, form=form, status=422)
    try:
        with write_transaction() as session:
            begin_publishing(session, load_program().id)
            publish_rule(
                session,
                load_program(),
                rule,
                after=number_of(form) if latest else 0,
                note=form.note.data,
                by=current_user.id,
                now=utc_now(),
            )
            rule_id = find_rule_id(session, load_program().id, rule.key)
    except StaleRuleError as stale:
        return _review_page(rule, stale.latest, form=form, stale=True, status=409)
    except RuleError:
        # Its pool is gone since it was looked at.
        abort(409)
    except RuleKeyTakenError:
        back = filled_form(rule, 0, **_ways())
        example = example_of(back, None)
        back.key.errors = [_("Another rule has this key. Please write another one.")]
        return _form_page(back, None, example=example, status=409)
    return redirect(url_for(".show", rule_id=rule_id, done="published"), code=303)


def _key_taken(key: str) -> bool:
    program = load_program()
    latest = rule_set(db.session(), program.id, program.rules_revision).latest()
    return any(version.definition.key == key for version in latest)


def _names_no_pool(rule: RuleDefinition) -> bool:
    try:
        check_pool(db.session(), load_program().id, rule)
    except RuleError:
        return True
    return False


def _kinds(*, status: int = 200) -> Response:
    return render(
        "admin/rules/kinds.html",
        status=status,
        kinds=[(kind, _(kind.label), _example_words(kind)) for kind in KINDS.values()],
    )


def _form_page(
    form: RuleForm,
    base: Version | None,
    *,
    part: str | None = None,
    page: str = "admin/rules/edit.html",
    example: Any = None,
    status: int = 200,
) -> Response:
    return render(
        page,
        part=part,
        status=status,
        form=form,
        base=base,
        rule_id=base.rule_id if base else None,
        example=example or example_of(form, base),
        kinds=[kind for kind in KINDS.values() if kind is not form.of_kind],
        kept=_kept(form) if request.method == "POST" else [],
        rule_groups=groups_of(base.rule_id if base else None),
        state=state_look(base.state) if base else None,
    )


def _review_page(
    rule: RuleDefinition,
    latest: Version | None,
    *,
    form: PublishForm | None = None,
    again: Version | None = None,
    stale: bool = False,
    status: int = 200,
) -> Response:
    """Show what publishing would change. `again` is the old version that would come back."""
    if form is None:
        form = PublishForm(formdata=None)
    form.definition.data = json.dumps(to_stored(rule))
    form.number.data = str(latest.number if latest else 0)
    changes = changes_between(latest.definition, rule) if latest else all_of(rule)
    return render(
        "admin/rules/review.html",
        status=status,
        rule=rule,
        rule_id=latest.rule_id if latest else None,
        latest=latest,
        number=latest.number + 1 if latest else 1,
        sentence=say(rule_sentence(rule)),
        changes=changes,
        stays=stays(latest.definition, rule) if latest else "",
        nothing=latest is not None and latest.state == "live" and latest.definition == rule,
        state=state_look(latest.state) if latest else None,
        toml=written([rule]),
        again=again,
        stale=stale,
        form=form,
    )


def _example_words(kind: Kind) -> str:
    """Say what a kind is like by an example of its own."""
    example = paying_example(kind)
    if example is None:
        return ""
    rule, about, earned = example
    what = say(Sentence(N_("%(what)s"), {"what": reward_words(rule)}))
    return _(
        "For example, %(what)s: a purchase of %(paid)s earns %(amount)s.",
        what=what,
        paid=money(about.amount),
        amount=worth_text(earned.amount, "coupon" if kind.name == COUPON_KIND else "cash"),
    )
