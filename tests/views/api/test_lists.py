"""Lists, page by page."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from tests.factories import NOON
from tests.views.api.caller import CONVERSION, SIGNUP, problems, refused
from webapp.extensions import db
from webapp.models import Referral, Reward

HOUR = timedelta(hours=1)
LISTS = ("/rewards", "/referrals", "/users/ada/rewards")


def read_all(caller, path, limit, *, after_each_page=lambda: None):
    """Follow the cursors to the end. Returns the ids page by page."""
    pages, query = [], {"limit": limit}
    while True:
        answer = caller.get(path, **query).get_json()
        pages.append([row["id"] for row in answer["data"]])
        if answer["next"] is None:
            return pages
        query["cursor"] = answer["next"]
        after_each_page()


@pytest.fixture
def friends(api, ada, publish, clock):
    """Seven friends of Ada's with a purchase each: three at NOON, three an hour later, one an hour after that."""
    publish()
    for number in range(7):
        clock.move_to(NOON + number // 3 * HOUR, tick=False)
        join(api, ada, number)


def join(api, ada, number):
    code = ada["user"]["referral_code"]
    sent = {"external_id": f"cus_{number}", "email": f"friend{number}@example.org", "name": f"Friend {number}"}
    api.post("/signups", sent | {"referral_code": code})
    buy(api, f"evt_{number}", f"cus_{number}")


def buy(api, event_id, external_id):
    response = api.post("/conversions", CONVERSION | {"event_id": event_id, "user": {"external_id": external_id}})
    assert len(response.get_json()["rewards"]) == 1


def stored(app, model, at):
    """Return the ids in the order in which a list shows them."""
    with app.app_context():
        return [str(one) for one in db.session.scalars(select(model.id).order_by(at.desc(), model.id.desc()))]


@pytest.mark.usefixtures("friends")
def test_pages_of_any_size_hold_every_row_once_while_rows_share_a_moment(app, api, subtests):
    expected = {
        "/rewards": stored(app, Reward, Reward.granted_at),
        "/users/ada/rewards": stored(app, Reward, Reward.granted_at),
        "/referrals": stored(app, Referral, Referral.created_at),
    }
    with app.app_context():
        assert db.session.scalar(select(func.count(func.distinct(Reward.granted_at)))) == 3
    for path in LISTS:
        assert len(expected[path]) == 7
        for limit in (1, 2, 3, 6, 7, 200):
            with subtests.test(f"{path} by {limit}"):
                pages = read_all(api, path, limit)
                assert [one for page in pages for one in page] == expected[path]
                # No empty page at the end, also when the rows fill their pages.
                assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
                assert 1 <= len(pages[-1]) <= limit


@pytest.mark.usefixtures("friends")
@pytest.mark.parametrize("path", LISTS)
def test_what_arrives_while_someone_reads_moves_nothing_that_was_there(app, api, ada, path):
    before = [one for page in read_all(api, path, 200) for one in page]
    arriving = iter(range(7, 20))
    read = [
        one for page in read_all(api, path, 2, after_each_page=lambda: join(api, ada, next(arriving))) for one in page
    ]
    assert len(set(read)) == len(read)
    assert [one for one in read if one in before] == before


@pytest.mark.usefixtures("bob")
def test_without_a_limit_a_page_holds_fifty(api, publish):
    # Three rewards for each of 17 purchases: 51.
    for key in ("one", "two", "three"):
        publish(key=key)
    for number in range(17):
        api.post("/conversions", CONVERSION | {"event_id": f"evt_{number}"})
    first = api.get("/rewards").get_json()
    assert (len(first["data"]), first["next"]) == (50, first["data"][-1]["id"])
    rest = api.get("/rewards", cursor=first["next"]).get_json()
    assert (len(rest["data"]), rest["next"]) == (1, None)


@pytest.mark.parametrize("path", ["/rewards", "/referrals", "/users/cus_1/rewards"])
def test_an_empty_list_is_a_list(api, path):
    api.post("/signups", SIGNUP)
    assert api.get(path).get_json() == {"data": [], "next": None}


def test_a_row_says_what_it_is_of(api, ada, publish, clock):
    publish(key="welcome", trigger="signup", kind="fixed_amount", settings={"amount": 500, "currency": "USD"})
    publish(hold_days=0)
    joined = api.post("/signups", SIGNUP | {"referral_code": ada["user"]["referral_code"]}).get_json()
    clock.move_to(NOON + HOUR, tick=False)
    bought = api.post("/conversions", CONVERSION).get_json()
    assert api.get("/rewards").get_json()["data"] == [
        bought["rewards"][0] | {"event_id": "evt_1", "granted_at": "2026-11-22T13:00:00Z"},
        joined["rewards"][0] | {"event_id": None, "granted_at": "2026-11-22T12:00:00Z"},
    ]
    assert api.get("/referrals").get_json()["data"] == [
        joined["referral"]
        | {
            "friend_id": joined["user"]["id"],
            "friend_external_id": "cus_1",
            "code": ada["user"]["referral_code"],
            "created_at": "2026-11-22T12:00:00Z",
        }
    ]


@pytest.mark.usefixtures("bob")
def test_the_rewards_of_a_person_are_theirs_alone(api, publish):
    publish(key="hers")
    publish(key="his", beneficiary="friend")
    api.post("/conversions", CONVERSION)
    for external_id, key in (("ada", "hers"), ("cus_1", "his")):
        rewards = api.get(f"/users/{external_id}/rewards").get_json()["data"]
        assert [reward["rule"]["key"] for reward in rewards] == [key]
    assert len(api.get("/rewards").get_json()["data"]) == 2


@pytest.mark.usefixtures("bob")
def test_a_program_lists_only_its_own(api, elsewhere, publish):
    publish()
    api.post("/conversions", CONVERSION)
    for path in ("/rewards", "/referrals"):
        assert len(api.get(path).get_json()["data"]) == 1
        assert elsewhere.get(path).get_json() == {"data": [], "next": None}


@pytest.mark.usefixtures("bob")
def test_a_cursor_of_another_list_or_another_program_is_refused(api, elsewhere, publish, subtests):
    publish(key="hers")
    publish(key="his", beneficiary="friend")
    api.post("/conversions", CONVERSION)
    elsewhere.post("/signups", {"external_id": "ada", "email": "eve@example.org", "name": "Eve"})
    (referral,) = api.get("/referrals").get_json()["data"]
    (hers,) = api.get("/users/ada/rewards").get_json()["data"]
    (his,) = api.get("/users/cus_1/rewards").get_json()["data"]
    for name, caller, path, cursor in (
        ("a referral among rewards", api, "/rewards", referral["id"]),
        ("a reward among referrals", api, "/referrals", hers["id"]),
        ("his reward among hers", api, "/users/ada/rewards", his["id"]),
        ("another program's reward", elsewhere, "/rewards", hers["id"]),
        ("another program's reward, of a namesake", elsewhere, "/users/ada/rewards", hers["id"]),
        ("another program's referral", elsewhere, "/referrals", referral["id"]),
    ):
        with subtests.test(name):
            response = caller.get(path, cursor=cursor)
            assert refused(response) == (422, ["cursor"])
            assert problems(response) == problems(caller.get(path, cursor=uuid4()))
    assert api.get("/rewards", cursor=hers["id"]).status_code == 200


@pytest.mark.usefixtures("friends")
@pytest.mark.parametrize("path", LISTS)
def test_what_is_not_a_page_of_a_list_is_refused_by_name(api, path, subtests):
    (cursor,) = read_all(api, path, 7)[0][-1:]
    number = "must be a whole number from 1 to 200"
    wrong = {
        "limit": ["0", "201", "-1", "+1", " 1", "1.0", "1e1", "", "0x1", "true", "٣", "1000", "9" * 5000, "\0"],
        "cursor": ["", "x", cursor[:-1], f"{cursor}0", str(uuid4()), str(UUID(int=0)), "\0", "\ud800", "x" * 5000],
    }
    for name, values in wrong.items():
        for value in values:
            with subtests.test(f"{name} {value[:20]!r}"):
                said = number if name == "limit" else "must be the “next” of the page before"
                response = api.send("GET", path, query_string=f"{name}={quoted(value)}")
                assert (response.status_code, problems(response)) == (422, [(name, said)])
                assert response.get_json()["detail"].startswith(f"{name} {said}.")
    with subtests.test("a parameter that lists do not have"):
        response = api.get(path, limit=1, offset=2)
        assert refused(response) == (422, ["offset"])
    with subtests.test("all at once"):
        assert refused(api.get(path, limit="x", cursor="y", page=1)) == (422, ["page", "limit", "cursor"])


def quoted(value):
    return "".join(f"%{byte:02X}" for byte in value.encode("utf-8", "surrogatepass"))
