"""Coupon codes that a person has at the business's own checkout."""

from uuid import UUID

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.forms.coupon_code import CouponForm
from webapp.models import User
from webapp.queries.coupon_codes import find_coupon
from webapp.queries.directory import find_person
from webapp.queries.links import find_own_link, first_link_of
from webapp.services.coupon_codes import CouponTakenError, add_coupon, retire_coupon
from webapp.signing import sealer
from webapp.views.admin.person_page import page_of
from webapp.web import load_program, render

bp = Blueprint("coupon_codes", __name__, url_prefix="/users/<uuid:user_id>/coupon-codes")


@bp.post("")
def create(user_id: UUID) -> ResponseReturnValue:
    person, form = _find(user_id), CouponForm()
    if not form.validate_on_submit():
        return _page(person, form)
    try:
        with write_transaction() as session:
            link = find_own_link(session, user_id, _uuid(form.link.data)) or first_link_of(session, user_id)
            code = add_coupon(session, link, form.code.data, sealer=sealer(), by=current_user.id, now=utc_now()).code
    except CouponTakenError:
        form.code.errors = [_("Somebody else has this code, as a coupon or in a link, or had it. Choose another one.")]
        return _page(person, form)
    flash(_("%(code)s is a coupon code of %(name)s now.", code=code, name=person.name), "coupons")
    return redirect(url_for("admin.users.show", user_id=user_id, _anchor="coupons-h"), code=303)


@bp.post("/<uuid:coupon_id>/retirement")
def retire(user_id: UUID, coupon_id: UUID) -> ResponseReturnValue:
    _find(user_id)
    with write_transaction() as session:
        coupon = find_coupon(session, user_id, coupon_id)
        if coupon is None:
            abort(404)
        retired, code = retire_coupon(session, coupon, by=current_user.id, now=utc_now()), coupon.code
    if retired:
        flash(_("%(code)s credits nobody from now on. Who came by it stays.", code=code), "coupons")
    return redirect(url_for("admin.users.show", user_id=user_id, _anchor="coupons-h"), code=303)


def _find(user_id: UUID) -> User:
    person = find_person(db.session(), load_program().id, user_id)
    if person is None:
        abort(404)
    return person


def _uuid(text: str | None) -> UUID:
    """Return the id of a link that was chosen. A list that was tampered with names nobody's."""
    try:
        return UUID(text or "")
    except ValueError:
        return UUID(int=0)


def _page(person: User, form: CouponForm) -> ResponseReturnValue:
    page = page_of(db.session(), load_program(), person, now=utc_now(), coupon_form=form)
    return render("admin/users/show.html", status=422, **page)
