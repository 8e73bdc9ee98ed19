"""Histories of people who cheat and of people who do not, told to the services: what of it could be paid.

`make test` tells a slice, `make soak` all of them (GRAPEVINE_CORPORA_ALL) and writes the figures down.
"""

from collections import Counter
from typing import get_args

import pytest

from tests.corpora.abuse import ABUSE, SIGNALS, Stage
from tests.corpora.abuse import MANY as MANY_HISTORIES
from tests.corpora.disguises import MANY as MANY_DISGUISES
from tests.corpora.disguises import Disguise, disguises
from tests.corpora.honest import GROUPS, Crowd
from tests.corpora.honest import MANY as MANY_HONEST
from tests.corpora.people import People
from tests.corpora.world import ALL, DAY, HOUR, MINUTE, Fate, history
from tests.factories import NOON

pytestmark = [
    pytest.mark.parametrize("databases", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("in_app"),
]


@pytest.fixture
def figures(record_property):
    """Counts, which are shown, and kept with the results."""
    counts = Counter()
    yield counts
    for name, many in counts.items():
        record_property(name, many)
        print(f"{name}: {many}")  # noqa: T201


def of_false(fates: set[Fate]) -> Fate:
    """Return what became of somebody false: the worst of it, for those who pay."""
    return "payable" if "payable" in fates else "held" if "held" in fates else "denied"


def of_honest(fates: set[Fate]) -> Fate:
    """Return what became of somebody honest: the worst of it, for those who earn."""
    return "denied" if "denied" in fates or not fates else "held" if "held" in fates else "payable"


def test_nobody_is_paid_for_their_own_mailbox_however_it_is_written(figures):
    told = disguises()
    assert len(told) == MANY_DISGUISES
    told = told if ALL else told[::10]
    fates = {one: refers_themselves(one, number) for number, one in enumerate(told)}
    figures.update({f"disguises_{fate}": 0 for fate in get_args(Fate)})
    figures.update(f"disguises_{fate}" for fate in fates.values())
    assert {one: fate for one, fate in fates.items() if fate != "denied"} == {}


def refers_themselves(one: Disguise, number: int) -> Fate:
    """Let somebody refer their own address, with nothing else that could tell; return what comes of it."""
    with history("disguises", number) as world:
        people = People(world.chance)
        at = NOON - 2 * DAY
        # Half of them joined in disguise, and come back as who they are.
        addresses = [one.plain, one.disguised][:: -1 if number % 2 else 1]
        ada = world.signs_up(addresses[0], people.browser(), people.v4(), at - 90 * DAY)
        if ada is None:
            # The form took no such address; the other way round, then.
            addresses.reverse()
            ada = world.signs_up(addresses[0], people.browser(), people.v4(), at - 90 * DAY)
        assert ada is not None
        browser, address, by_code = people.browser(), people.v4(), number % 3 == 0
        if not by_code:
            world.clicks_on(ada, browser, address, at)
        bob = world.signs_up(addresses[1], browser, address, at + 3 * MINUTE, typed=ada if by_code else None)
        world.buys(bob, at + HOUR)
        return of_false(*world.fates([bob]))


def test_a_friend_of_whom_nothing_is_strange_is_paid_for():
    with history("nothing strange") as world:
        people = People(world.chance)
        ada = world.has_account("ada.okafor@gmail.com", at=NOON - 90 * DAY)
        browser, address = people.browser(), people.v4()
        world.clicks_on(ada, browser, address, NOON - DAY)
        bob = world.signs_up("rob.miller@outlook.com", browser, address, NOON - DAY + 3 * MINUTE)
        world.buys(bob, NOON)
        assert world.fates([bob]) == [{"payable"}]


@pytest.mark.parametrize("name", ABUSE)
def test_of_abuse_only_what_is_known_to_get_through_is_payable(name, figures):
    wrong = []
    figures.update({f"{name}_{fate}": 0 for fate in get_args(Fate)})
    for number in range(MANY_HISTORIES if ALL else 2):
        with history(name, number, signals=SIGNALS) as world:
            told = ABUSE[name].tell(Stage(world, number))
            fates = Counter(map(of_false, world.fates(told.false)))
            # Whoever is honest in it keeps all that they brought.
            harmed = [fate for fate in map(of_honest, world.fates(told.honest)) if fate != "payable"]
        figures[f"{name}_histories"] += 1
        figures[f"{name}_nothing_payable"] += not fates["payable"]
        figures.update({f"{name}_{fate}": many for fate, many in fates.items()})
        if fates["payable"] > told.get_through or harmed:
            wrong.append((number, fates, told.get_through, harmed))
    print(f"What of {name} would still get through: {ABUSE[name].gets_through}.")  # noqa: T201
    assert wrong == []


def test_of_an_honest_crowd_nobody_is_denied_and_few_are_held(figures):
    figures.update({f"honest_{group}_{fate}": 0 for group in GROUPS for fate in get_args(Fate)})
    for number in range(3 if ALL else 1):
        with history("honest", number) as world:
            crowd = Crowd(world, MANY_HONEST if ALL else MANY_HONEST // 10)
            crowd.arrives()
            fates = map(of_honest, world.fates([friend.user for friend in crowd.friends]))
            figures.update(f"honest_{friend.group}_{fate}" for friend, fate in zip(crowd.friends, fates, strict=True))
    denied, held = (sum(figures[f"honest_{group}_{fate}"] for group in GROUPS) for fate in ("denied", "held"))
    assert denied == 0
    assert held * 20 <= figures.total()
