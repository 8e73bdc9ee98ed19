"""Every wrong body is refused with its status and a message that names the field, and nothing is written."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import NOON
from tests.views.api import wrong_bodies as wrong
from tests.views.api.caller import CONVERSION, DISPUTE, OUTCOME, REFUND, SIGNUP, problems, refused, rows
from webapp.extensions import db
from webapp.models import Conversion

# What is read from a request and shown on a page is no matter of the database.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

KIB = 1024
PATHS = {
    "/signups": SIGNUP,
    "/conversions": CONVERSION,
    "/refunds": REFUND,
    "/disputes": DISPUTE,
    "/disputes/dsp_1/outcome": OUTCOME,
}

# operation, field: what may not stand there.
FIELDS = {
    ("/signups", "external_id"): wrong.WRONG_IDS,
    ("/signups", "email"): wrong.WRONG_EMAILS,
    ("/signups", "name"): wrong.WRONG_NAMES,
    ("/signups", "referral_code"): wrong.WRONG_TEXTS,
    ("/signups", "click_id"): wrong.WRONG_TEXTS,
    ("/signups", "ip"): wrong.WRONG_ADDRESSES,
    ("/signups", "user_agent"): {
        "a number": (1, "must be text"),
        "too long": ("x" * 1001, "must have at most 1000 characters"),
        "a lone surrogate": ("\ud800", wrong.NO_UTF_8),
    },
    ("/signups", "occurred_at"): wrong.WRONG_MOMENTS,
    ("/conversions", "event_id"): wrong.WRONG_IDS,
    ("/conversions", "type"): wrong.WRONG_TYPES,
    ("/conversions", "amount"): wrong.WRONG_AMOUNTS,
    ("/conversions", "currency"): wrong.WRONG_CURRENCIES,
    ("/conversions", "order_id"): wrong.WRONG_IDS,
    ("/conversions", "occurred_at"): wrong.WRONG_MOMENTS,
    ("/conversions", "user"): {
        "nothing": (None, "must be an object"),
        "text": ("cus_1", "must be an object"),
        "a list": ([{"external_id": "cus_1"}], "must be an object"),
        "nobody": ({}, "must hold exactly one of external_id, email and id"),
        "nobody, thrice": (
            {"external_id": None, "email": None, "id": None},
            "must hold exactly one of external_id, email and id",
        ),
        "two": (
            {"external_id": "cus_1", "email": "bob@example.org"},
            "must hold exactly one of external_id, email and id",
        ),
    },
    ("/disputes", "event_id"): wrong.WRONG_IDS,
    ("/disputes", "amount"): wrong.WRONG_AMOUNTS,
    ("/disputes/dsp_1/outcome", "event_id"): wrong.WRONG_IDS,
    ("/disputes/dsp_1/outcome", "occurred_at"): wrong.WRONG_MOMENTS,
    ("/refunds", "event_id"): wrong.WRONG_IDS,
    ("/refunds", "conversion_event_id"): wrong.WRONG_IDS,
    ("/refunds", "amount"): wrong.WRONG_AMOUNTS,
    ("/refunds", "occurred_at"): wrong.WRONG_MOMENTS,
}
REQUIRED = {
    "/signups": ["external_id", "email", "name"],
    "/conversions": ["event_id", "type", "user"],
    "/refunds": ["event_id"],
    "/disputes": ["event_id"],
    "/disputes/dsp_1/outcome": ["event_id", "outcome"],
}


def post(caller, path, body):
    # As other languages write it, and as it may be: lone surrogates as \u escapes.
    return caller.raw(path, json.dumps(body).encode("ascii"))


def check_refusal(response, field, words):
    """Fail unless this field alone is named, in the list and in the sentence."""
    assert refused(response) == (422, [field])
    ((_place, said),) = problems(response)
    assert words in said
    detail = response.get_json()["detail"]
    assert detail == f"{field or 'The body'} {said}. Nothing was written."


@pytest.mark.parametrize("path", PATHS)
def test_what_is_not_json_in_utf_8_is_a_400(app, api, path, subtests):
    before = rows(app)
    for name, (data, words) in wrong.NOT_JSON.items():
        with subtests.test(name):
            response = api.raw(path, data)
            assert refused(response) == (400, [])
            detail = response.get_json()["detail"]
            assert words in detail
            assert detail.startswith("The body is not JSON in UTF-8: ")
            assert detail.endswith(". Nothing was written.")
    assert rows(app) == before


@pytest.mark.parametrize("path", PATHS)
def test_json_that_is_no_object_is_a_422(app, api, path, subtests):
    before = rows(app)
    for data in wrong.NO_OBJECT:
        with subtests.test(data.decode()):
            check_refusal(api.raw(path, data), "", "must be an object")
    assert rows(app) == before


@pytest.mark.parametrize("path", PATHS)
def test_only_json_is_taken(app, api, path, subtests):
    before, data = rows(app), json.dumps(PATHS[path]).encode("ascii")
    for content_type in wrong.CONTENT_TYPES:
        with subtests.test(str(content_type)):
            assert refused(api.raw(path, data, content_type)) == (415, [])
    assert rows(app) == before


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "APPLICATION/JSON", "application/json; charset=utf-8", "application/json;charset=UTF-8"],
)
def test_json_is_taken_however_its_type_is_spelled(api, content_type):
    assert api.raw("/conversions", json.dumps(CONVERSION).encode("ascii"), content_type).status_code == 201


@pytest.mark.parametrize("path", PATHS)
def test_a_body_may_have_64_kib_and_not_one_byte_more(app, api, path):
    data = json.dumps(PATHS[path]).encode("ascii")
    before = rows(app)
    response = api.raw(path, data.ljust(64 * KIB + 1))
    assert refused(response) == (413, [])
    assert rows(app) == before
    # Without a length beforehand, as a proxy may send it on.
    response = api.send(
        "POST",
        path,
        data=data.ljust(64 * KIB + 1),
        content_type="application/json",
        environ_overrides={
            "CONTENT_LENGTH": "",
            "HTTP_TRANSFER_ENCODING": "chunked",
            "wsgi.input_terminated": True,
        },
    )
    assert refused(response) == (413, [])
    assert rows(app) == before
    assert api.raw(path, data.ljust(64 * KIB)).status_code in {201, 202}


@pytest.mark.parametrize(("path", "field"), FIELDS, ids=lambda part: part)
def test_a_wrong_field_is_named(app, api, path, field, subtests):
    before = rows(app)
    for name, (value, words) in FIELDS[path, field].items():
        with subtests.test(name):
            check_refusal(post(api, path, PATHS[path] | {field: value}), field, words)
    assert rows(app) == before


@pytest.mark.parametrize("path", PATHS)
def test_what_is_missing_or_unknown_is_named(app, api, path, subtests):
    before = rows(app)
    for field in REQUIRED[path]:
        with subtests.test(f"without {field}"):
            body = {name: value for name, value in PATHS[path].items() if name != field}
            check_refusal(post(api, path, body), field, "is missing")
        with subtests.test(f"null for {field}"):
            assert refused(post(api, path, PATHS[path] | {field: None})) == (422, [field])
    for unknown in ("x", "Amount", "event-id", "", "id", "__class__", "a.b", "\0", "x" * 300, "日本"):
        with subtests.test(f"unknown {unknown[:20]!r}"):
            check_refusal(post(api, path, PATHS[path] | {unknown: None}), unknown, wrong.UNKNOWN)
    with subtests.test("an unknown field that cannot be written"):
        check_refusal(post(api, path, PATHS[path] | {"\ud800": 1}), "", wrong.NO_UTF_8)
    with subtests.test("an unknown field with an object of a hundred levels in it"):
        nested = json.loads('{"a":' * 100 + "1" + "}" * 100)
        check_refusal(post(api, path, PATHS[path] | {"x": nested}), "x", wrong.UNKNOWN)
    assert rows(app) == before


def test_all_that_is_wrong_is_named_at_once(api):
    response = post(api, "/conversions", {"event_id": 1, "user": {"id": "x", "x": 1}, "amount": "1", "order_id": "/"})
    assert sorted(refused(response)[1]) == ["amount", "event_id", "order_id", "type", "user.id", "user.x"]
    assert response.get_json()["detail"] == "event_id must be text. 5 more below. Nothing was written."


def test_a_person_is_read_as_strictly_as_the_rest(app, api, subtests):
    before = rows(app)
    not_ours = "must be an id that this API gave"
    cases = [("external_id", value, words) for value, words in wrong.WRONG_IDS.values()]
    cases += [("email", value, words) for value, words in wrong.WRONG_EMAILS.values()]
    cases += [("id", value, not_ours) for value in (1, "", "x", "1" * 32, "g" * 36, f"{{{'1' * 32}}}", "\ud800", [])]
    cases += [(name, None, wrong.UNKNOWN) for name in ("x", "referral_code", "ID")]
    for name, value, words in cases:
        with subtests.test(f"{name} {str(value)[:20]!r}"):
            # Something that is unknown stands beside someone who is named.
            named = {"external_id": "cus_1"} if words == wrong.UNKNOWN else {}
            check_refusal(
                post(api, "/conversions", CONVERSION | {"user": named | {name: value}}), f"user.{name}", words
            )
    assert rows(app) == before


def test_metadata_holds_fifty_plain_values(app, api, subtests):
    plain = "must be text, a number, true, false or null"
    before = rows(app)
    for name, metadata, place, words in (
        ("a list", [], "metadata", "must be an object"),
        ("text", "x", "metadata", "must be an object"),
        ("fifty-one", dict.fromkeys(map(str, range(51))), "metadata", "must have at most 50"),
        ("a list in it", {"plan": ["pro"]}, "metadata.plan", plain),
        ("an object in it", {"plan": {"name": "pro"}}, "metadata.plan", plain),
        ("long text", {"plan": "x" * 501}, "metadata.plan", "must have at most 500 characters"),
        ("a lone surrogate", {"plan": "\ud800"}, "metadata.plan", wrong.NO_UTF_8),
        ("a large number", {"plan": 2**53}, "metadata.plan", "must be a smaller number"),
        ("a large decimal", {"plan": -1e300}, "metadata.plan", "must be a smaller number"),
        ("an empty name", {"": 1}, "metadata..[key]", "must have at least 1 character"),
        ("a long name", {"x" * 201: 1}, f"metadata.{'x' * 201}.[key]", wrong.TOO_LONG),
        ("a NUL in a name", {"a\0": 1}, "metadata.a\0.[key]", "must match pattern"),
    ):
        with subtests.test(name):
            check_refusal(post(api, "/conversions", CONVERSION | {"metadata": metadata}), place, words)
    with subtests.test("a number beyond all numbers"):
        data = json.dumps(CONVERSION | {"metadata": {"plan": 0}}).replace('"plan": 0', '"plan": 1e400')
        check_refusal(api.raw("/conversions", data.encode()), "metadata.plan", "must be a smaller number")
    with subtests.test("a name that cannot be written"):
        status, places = refused(post(api, "/conversions", CONVERSION | {"metadata": {"\ud800": 1}}))
        assert (status, len(places), places[0].split(".")[0]) == (422, 1, "metadata")
    assert rows(app) == before
    taken = {"text": "x" * 500, "NUL": "\0", "whole": 2**53 - 1, "part": 0.1, "yes": True, "none": None, "x" * 200: ""}
    taken |= dict.fromkeys(map(str, range(43)), "日本")
    assert post(api, "/conversions", CONVERSION | {"metadata": taken}).status_code == 201
    with app.app_context():
        assert db.session.scalars(select(Conversion.details)).all() == [taken]


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_number_of_any_length_is_read_and_found_too_large(app, api, sign):
    before = rows(app)
    data = json.dumps(CONVERSION).replace("4999", f"{sign}{'9' * 50_000}").encode("ascii")
    words = "greater than or equal to 0" if sign else "less than or equal to 999999999999"
    check_refusal(api.raw("/conversions", data), "amount", words)
    assert rows(app) == before


def test_what_belongs_together_is_named_together(app, api, subtests):
    before = rows(app)
    both = "amount and currency go together: give both or neither"
    one = "must hold exactly one of order_id and conversion_event_id"
    for name, path, body, words in (
        ("an amount alone", "/conversions", CONVERSION | {"currency": None}, both),
        ("a currency alone", "/conversions", CONVERSION | {"amount": None}, both),
        ("a refund of nothing", "/refunds", {"event_id": "ref_1"}, one),
        ("a refund of two things", "/refunds", REFUND | {"order_id": "1001"}, one),
    ):
        with subtests.test(name):
            check_refusal(post(api, path, body), "", words)
    assert rows(app) == before


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-22T12:05:00Z",
        "2026-11-22T12:05:00.000000+00:00",
        "2026-11-23T02:05:00+14:00",
        "2000-01-01T00:00:00Z",
        "1999-12-31T19:00:00-05:00",
    ],
)
def test_a_moment_may_be_five_minutes_ahead_and_as_early_as_2000(api, path, moment):
    assert post(api, path, PATHS[path] | {"occurred_at": moment}).status_code in {201, 202}


def test_a_moment_is_kept_to_the_microsecond_and_in_utc(app, api):
    post(api, "/conversions", CONVERSION | {"occurred_at": "2026-11-22T13:30:00.000001+02:00"})
    with app.app_context():
        stored = db.session.scalars(select(Conversion.occurred_at)).one()
    assert stored == NOON - timedelta(minutes=30) + timedelta(microseconds=1)
