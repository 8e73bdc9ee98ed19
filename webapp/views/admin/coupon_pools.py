"""Pools of coupons: how many are left, and filling them."""

from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.coupon_pools import MOST_CODES, lines_of
from webapp.extensions import db
from webapp.formatting import number, size
from webapp.forms.coupon_pool import PoolForm, UploadForm, said
from webapp.incoming import MIB, takes_file
from webapp.models import CouponPool
from webapp.queries.coupon_pools import PoolRow, find_pool, list_pools, waiting_for
from webapp.services.coupon_pools import CodesTakenError, PoolKeyTakenError, add_codes, add_pool
from webapp.web import load_program, render

bp = Blueprint("coupon_pools", __name__, url_prefix="/coupon-pools")

# As many codes as can be added at once fit in, however long they are.
LARGEST_UPLOAD = 2 * MIB


@bp.get("")
def index() -> Response:
    pools = list_pools(db.session(), load_program().id)
    return render("admin/coupon_pools/index.html", pools=pools, heading=_heading(pools))


@bp.get("/new")
def new() -> Response:
    return render("admin/coupon_pools/new.html", form=PoolForm(formdata=None))


@bp.post("")
def create() -> ResponseReturnValue:
    form = PoolForm()
    if not form.validate_on_submit():
        return render("admin/coupon_pools/new.html", status=422, form=form)
    about = {"key": form.key.data, "name": form.name.data, "low_at": form.low_at.number}
    try:
        with write_transaction() as session:
            pool_id = add_pool(session, load_program().id, **about, by=current_user.id, now=utc_now()).id
    except PoolKeyTakenError:
        form.key.errors = [_("Another pool has this key. Please write another one.")]
        return render("admin/coupon_pools/new.html", status=422, form=form)
    return redirect(url_for(".show", pool_id=pool_id), code=303)


@bp.get("/<uuid:pool_id>")
def show(pool_id: UUID) -> Response:
    return _page(_find(pool_id), UploadForm(formdata=None))


@bp.post("/<uuid:pool_id>/coupons")
@takes_file("file", up_to=LARGEST_UPLOAD)
def create_coupons(pool_id: UUID) -> ResponseReturnValue:
    row, form = _find(pool_id), UploadForm()
    if not form.validate_on_submit() or form.upload is None:
        return _page(row, form, status=422)
    try:
        with write_transaction() as session:
            pool, by = session.get_one(CouponPool, pool_id), current_user.id
            handed_out = add_codes(session, pool, form.upload.codes, by=by, now=utc_now())
    except CodesTakenError as error:
        lines = said(lines_of(form.text, error.codes))
        form.codes.errors = [_("Nothing was added. The code of line %(lines)s is in the pool already.", lines=lines)]
        return _page(row, form, status=422)
    count = len(form.upload.codes)
    flash(_added(count, handed_out), "good")
    return redirect(url_for(".show", pool_id=pool_id), code=303)


def _added(count: int, handed_out: int) -> str:
    added = ngettext("%(count)s code was added.", "%(count)s codes were added.", count, count=number(count))
    if not handed_out:
        return added
    given = ngettext(
        "%(count)s of them was handed out at once to who waited.",
        "%(count)s of them were handed out at once to those who waited.",
        handed_out,
        count=number(handed_out),
    )
    return f"{added} {given}"


def _heading(pools: list[PoolRow]) -> str:
    low = sum(pool.is_low for pool in pools)
    if not pools:
        return _("No coupon pools yet")
    if not low:
        return _("Every pool has coupons enough")
    return ngettext("One coupon pool is running low", "%(count)s coupon pools are running low", low, count=number(low))


def _find(pool_id: UUID) -> PoolRow:
    row = find_pool(db.session(), load_program().id, pool_id)
    if row is None:
        abort(404)
    return row


def _page(row: PoolRow, form: UploadForm, *, status: int = 200) -> Response:
    waiting = waiting_for(db.session(), load_program().id).get(row.key, [])
    return render(
        "admin/coupon_pools/show.html",
        status=status,
        pool=row,
        form=form,
        rewards_waiting=len(waiting),
        most_codes=MOST_CODES,
        largest_upload=size(LARGEST_UPLOAD),
    )
