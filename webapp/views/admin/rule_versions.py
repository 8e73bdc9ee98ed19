"""The versions of a reward rule: one of them as it was published, and any two beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from uuid import UUID

from flask import Response, abort, request

from webapp.domain.rule_words import rule_sentence
from webapp.extensions import db
from webapp.formatting import say
from webapp.queries.rules import Version, publishings_of
from webapp.rule_files import written
from webapp.views.admin.rule_changes import bp
from webapp.views.admin.rule_words import (
    VersionRow,
    changes_between,
    facts_of,
    held_until,
    state_look,
    stays,
    version_rows,
)
from webapp.views.admin.rules import find_rule
from webapp.web import load_program, render


@dataclass(frozen=True, slots=True)
class Line:
    """A line of TOML: `sign` is "minus" for what only the first has, "plus" for what only the second has."""

    sign: str
    text: str


@bp.get("/<uuid:rule_id>/versions/<int:number>")
def version(rule_id: UUID, number: int) -> Response:
    versions = find_rule(rule_id)
    shown = _numbered(versions, number)
    return render(
        "admin/rules/version.html",
        rule_id=rule_id,
        rule=shown.definition,
        latest=versions[-1],
        shown=shown,
        row=next(row for row in _rows(rule_id, versions) if row.number == number),
        until=held_until(shown, versions),
        state=state_look(shown.state),
        sentence=say(rule_sentence(shown.definition)),
        facts=facts_of(shown.definition),
        toml=written([shown.definition]),
    )


@bp.get("/<uuid:rule_id>/comparison")
def comparison(rule_id: UUID) -> Response:
    """What version `b` says differently from version `a`; without them, the newest and the one before it."""
    versions = find_rule(rule_id)
    newest = versions[-1].number
    before, after = (
        _numbered(versions, request.args.get(name, default, type=int))
        for name, default in (("a", max(1, newest - 1)), ("b", newest))
    )
    return render(
        "admin/rules/comparison.html",
        rule_id=rule_id,
        latest=versions[-1],
        before=before,
        after=after,
        versions=_rows(rule_id, versions),
        states=[state_look(before.state), state_look(after.state)] if before.state != after.state else [],
        changes=changes_between(before.definition, after.definition),
        stays=stays(before.definition, after.definition),
        lines=_difference(before, after),
    )


def _numbered(versions: Sequence[Version], number: int) -> Version:
    return next((version for version in versions if version.number == number), None) or abort(404)


def _rows(rule_id: UUID, versions: Sequence[Version]) -> list[VersionRow]:
    return version_rows(versions, publishings_of(db.session(), load_program().id, rule_id))


def _difference(before: Version, after: Version) -> list[Line]:
    """Return the lines of both, each that changed followed by what stands in its place."""
    first, second = (written([one.definition]).splitlines() for one in (before, after))
    lines: list[Line] = []
    # Not by how alike lines are, which takes seconds for a rule with many conditions.
    for tag, since, until, from_, to in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += [Line("", text) for text in first[since:until]]
            continue
        for removed, added in zip_longest(first[since:until], second[from_:to]):
            lines += [Line(sign, text) for sign, text in (("minus", removed), ("plus", added)) if text is not None]
    return lines
