"""Looking for someone in a list.

What was typed is sent in a form, since it may be somebody's e-mail, which has
no place in addresses and logs: an e-mail becomes the id of whoever has it, and
anything else goes into the address of the list.
"""

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.extensions import db
from webapp.forms.search import SearchForm
from webapp.queries.people import find_person_id
from webapp.views.admin import conversions, ledger, referrals, rewards
from webapp.views.admin.filters import LONGEST_SEARCH, NOBODY
from webapp.web import load_program

bp = Blueprint("searches", __name__, url_prefix="/searches")

# The lists, and what else each is narrowed down by.
LISTS = {
    "referrals": referrals.FILTERS,
    "conversions": conversions.FILTERS,
    "rewards": rewards.FILTERS,
    "ledger": ledger.FILTERS,
}


@bp.post("")
def create() -> ResponseReturnValue:
    form = SearchForm()
    if form.noun.data not in LISTS:
        abort(404)
    filters = {name: request.form[name] for name in LISTS[form.noun.data] if request.form.get(name)}
    for name in ("q", "person", *(name for name, value in filters.items() if "@" in value)):
        filters.pop(name, None)
    wanted = (form.q.data or "")[:LONGEST_SEARCH]
    if "@" in wanted:
        filters["person"] = _owner_of(wanted)
    elif wanted:
        filters["q"] = wanted
    return redirect(url_for(f"admin.{form.noun.data}.index", **filters), code=303)


def _owner_of(email: str) -> str:
    try:
        found = find_person_id(db.session(), load_program().id, email=email)
    except ValueError:
        found = None
    return str(found) if found else NOBODY
