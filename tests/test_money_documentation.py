"""docs/money.md is true: its codes are complete, its rules can be applied, its table of refunds adds up."""

import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tests import factories, money
from tests.factories import NOON
from tests.money import DAY
from tests.services.test_counted_rewards import BONUS, TIERS, WHOLE, friends_of_ada
from tests.services.test_referral_changes import change
from tests.test_readme import links_and_paths_that_lead_nowhere
from webapp.config import ROOT
from webapp.database import write_transaction
from webapp.domain import conditions, limits, outcomes
from webapp.domain.condition_fields import FIELDS
from webapp.domain.conditions import read_conditions
from webapp.domain.credit import available_minor, credit_taken_back, parts_of
from webapp.domain.exclusive import Contender, losers
from webapp.domain.facts import Earned, Used, facts
from webapp.domain.ledger import ACCOUNTS
from webapp.domain.limits import read_limits
from webapp.domain.money import Money
from webapp.domain.periods import Window
from webapp.domain.quotes import Quote, convert
from webapp.domain.refunds import WentBack, counted, refundable, still_earned
from webapp.domain.registry import KINDS
from webapp.domain.rewards import STATUSES
from webapp.domain.rules import REWARDS, read_rule
from webapp.queries.rewards import find_reward, list_rewards
from webapp.services.write_offs import write_off_what_is_owed

TEXT = (ROOT / "docs/money.md").read_text()
SHARED = [ROOT / "webapp/domain/rules.py", ROOT / "webapp/domain/shares.py"]
A_RULE = {"key": "a", "name": "A", "trigger": "purchase", "beneficiary": "referrer"}
RULE_FILES = [*SHARED, *sorted((ROOT / "webapp/domain/reward_rules").glob("*.py"))]


def tables():
    return re.findall(r"(?:^\|.*\n)+", TEXT, re.MULTILINE)


def table(heading):
    return next(found for found in tables() if heading in found.splitlines()[0])


def quote(written):
    """Read a quote as in "1 EUR = 1.0842 USD"."""
    base, rate, counter = re.fullmatch(r"1 (\w+) = (\S+) (\w+)", written).groups()
    return Quote(base, counter, rate, datetime(2026, 5, 3, tzinfo=UTC))


def codes(text):
    return set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))


def test_every_reason_of_a_decision_is_explained():
    used = set(outcomes.REASONS) | {"earned", *conditions.CODES, *limits.CODES}
    for file in RULE_FILES:
        used |= set(re.findall(r'Skipped\(\s*"(\w+)"', file.read_text()))
    why = TEXT.partition("## Why, in codes")[2]
    decisions, refunds, disputes = re.findall(r"(?:^\|.*\n)+", why, re.MULTILINE)[:3]
    assert codes(decisions) == used
    said = (ROOT / "webapp/views/api/refunds.py").read_text()
    assert codes(refunds) == set(re.findall(r'_told\("(\w+)"', said)) | {"reversal", "clawback"}
    said = (ROOT / "webapp/views/api/disputes.py").read_text()
    assert codes(disputes) == set(re.findall(r'_told\("(\w+)"', said))


def test_every_account_and_every_status_is_explained():
    assert set(re.findall(r"`(\w+)`", table("account"))) == set(ACCOUNTS)
    life = TEXT.partition("## The life of a reward")[2].partition("##")[0]
    assert set(re.findall(r"`(\w+)`", life)) == set(STATUSES)


def test_the_rules_of_the_example_can_be_applied():
    rules = [read_rule(rule) for rule in tomllib.loads((ROOT / "docs/examples/rules.toml").read_text())["rules"]]
    assert {rule.kind for rule in rules} == {"percent_of_purchase", "fixed_amount", "tiered_percent", "milestone"}
    assert any(rule.when and rule.limits for rule in rules)


def test_every_field_of_a_condition_is_explained():
    named = [row.split("|")[1] for row in table("| field | compares |").splitlines()[2:]]
    assert [name for names in named for name in re.findall(r"`([\w.]+)`", names)] == list(FIELDS)


@pytest.mark.parametrize("line", table("| condition |").splitlines()[2:])
def test_a_line_of_the_table_of_conditions_comes_out_so(line):
    condition, _, comes_out = line.strip("| ").rpartition(" | ")
    when = read_conditions({"all": [tomllib.loads(f"it = {condition.strip('`')}")["it"]]})
    about = facts(
        amount="49.99 USD",
        nth_purchase=2,
        details={"plan": "pro", "seats": 5},
        origin={"country": "DE", "link": "ADA-10", "utm_source": "news"},
        at="2026-01-31 09:00",
        signed_up="2026-01-01 10:00",
    )
    unmet = when.check(about).unmet
    assert (f"`{unmet.code}`" if unmet else "holds") == comes_out


@pytest.mark.parametrize("line", table("| kind | settings |").splitlines()[2:])
def test_a_kind_takes_the_settings_that_are_named(line):
    kind, settings, _pays = line.strip("| ").split(" | ")
    known = {setting.name for setting in KINDS[kind.strip("`")].fields}
    assert known == set(re.findall(r"`(\w+)`", settings))


@pytest.mark.parametrize("line", table("| rule | the friend pays |").splitlines()[2:])
def test_a_line_of_the_table_of_kinds_earns_so(line):
    written, amount, at, nth, earns = line.strip("| ").split(" | ")
    rule = read_rule({**A_RULE, **tomllib.loads(f"it = {written.strip('`')}")["it"]})
    found = rule.price(facts(amount=amount, at=at, nth_purchase=int(nth), signed_up="2026-01-31 10:00"))
    assert (str(found.amount) if isinstance(found, Earned) else f"`{found.code}`") == earns


@pytest.mark.parametrize("line", table("| rule | friends |").splitlines()[2:])
def test_a_line_of_the_table_of_kinds_that_count_friends_earns_so(line):
    written, friends, one_more, amount, earns = line.strip("| ").split(" | ")
    rule = read_rule({**A_RULE, **tomllib.loads(f"it = {written.strip('`')}")["it"]})
    found = rule.price(facts(amount=amount, friends=int(friends), is_new_friend=one_more == "yes"))
    assert (str(found.amount) if isinstance(found, Earned) else f"`{found.code}`") == earns


@pytest.mark.parametrize("line", table("| the older rule |").splitlines()[2:])
def test_a_line_of_the_table_of_rules_of_which_one_pays_comes_out_so(line):
    older, newer, amount, quoted, paid = (cell.strip() for cell in line.strip("|").split("|"))
    quotes = (quote(quoted),) if quoted else ()
    answers = []
    for written in (older, newer):
        pays, _, left = written.partition(", ")
        how = {"kind": "percent_of_purchase", "settings": {"percent": pays.strip("%")}}
        if "%" not in pays:
            money = Money.parse(pays)
            how = {"kind": "fixed_amount", "settings": {"amount": money.minor, "currency": money.currency}}
        minor = Money.parse(f"{left.split()[0].replace('nothing', '0')} USD").minor if left else 0
        limits = {"program": {"amount": 10_000, "currency": "USD", "period": "lifetime"}} if left else None
        rule = read_rule({**A_RULE, **how, **({"limits": limits} if limits else {})})
        used = {"program": Used(10_000 - minor, Window())} if left else {}
        answers.append(rule.price_alone(replace(facts(amount=amount, used=used), quotes=quotes)))
    amounts = [one.amount if isinstance(one, Earned) else None for one in answers]
    contenders = [Contender(which, "group", one) for which, one in zip(("older", "newer"), amounts, strict=True)]
    beaten = losers(contenders, Money.parse(amount).currency, lambda one, into: convert(one, into, quotes))
    (best,) = [one for place, one in enumerate(contenders) if one.amount and place not in beaten]
    assert f"{best.amount}, {best.rule}" == paid


def test_the_table_of_friends_who_count_is_what_happens(in_app):
    lines = table("| what happens | share until then |").splitlines()[2:]
    written = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    at = NOON + 30 * DAY
    with write_transaction() as session:
        for rule in (TIERS, {**WHOLE, "key": "whole"}, BONUS):
            money.publish(session, **rule)
        ada, friends = friends_of_ada(session, 5)
        eve = factories.person(session, email="eve@example.org", now=money.JOINED)
        names = dict(zip(("Bo", "Cy", "Di", "Ed", "Flo"), friends, strict=True))

        def buys(name, day):
            return lambda: money.buy(session, names[name], "100.00 USD", event_id=name, at=NOON + day * DAY, now=at)

        steps = {
            "Bo buys": buys("Bo", 1),
            "Cy buys": buys("Cy", 2),
            "Di buys": buys("Di", 3),
            "Bo sends half of it back": lambda: money.refund(session, "50.00 USD", of="Bo", at=at),
            "Bo sends the rest back": lambda: money.refund(session, of="Bo", event_id="rest", at=at),
            "Ed buys": buys("Ed", 4),
            "Flo is reported late, and was the first of all": buys("Flo", 0),
            "Di disputes the payment": lambda: money.dispute(session, of="Di", at=at),
            "the dispute is won": lambda: money.decide(session, at=at),
            "Cy is credited to somebody else": lambda: change(session, names["Cy"], eve, now=at),
        }
        found = []
        for name, step in steps.items():
            step()
            kept = {"tiers": 0, "whole": 0, "bonus": 0}
            for row in list_rewards(session, factories.program(session).id, beneficiary_id=ada.id, limit=100)[0]:
                kept[row.version.definition.key] += row.amount_minor - row.taken_minor
            found.append((name, *(f"{minor / 100:.2f}" for minor in kept.values())))
    assert found == written


@pytest.mark.parametrize("line", table("| limit |").splitlines()[2:])
def test_a_line_of_the_table_of_limits_pays_so(line):
    limit, used, reward, paid = (cell.strip() for cell in line.strip("|").split("|"))
    found = read_limits({"program": tomllib.loads(f"it = {limit.strip('`')}")["it"]}).apply(
        Earned(Money.parse(reward), ()), {"program": Used(int(used), Window())}
    )
    assert (str(found.amount) if isinstance(found, Earned) else f"`{found.code}`") == paid


@pytest.mark.parametrize("line", table("| quote | amount |").splitlines()[2:])
def test_a_line_of_the_table_of_quotes_comes_out_so(line):
    quoted, amount, with_what, counts_as, comes_out = (cell.strip() for cell in line.strip("|").split("|"))
    quotes = (quote(quoted),)
    minor, currency = re.search(r"([\d.]+) (\w+)`", with_what).groups()
    compared, money = Money.parse(f"{minor} {currency}"), Money.parse(amount)
    worth = convert(money, currency, quotes)
    assert str(worth or "unknown") == counts_as
    if with_what.startswith("condition"):
        raw = {"field": "amount", "op": ">=", "value": compared.minor, "currency": currency}
        unmet = read_conditions({"all": [raw]}).check(replace(facts(amount=amount), quotes=quotes)).unmet
        assert (f"`{unmet.code}`" if unmet else "holds") == comes_out
        return
    used = Money.parse(f"{with_what.rpartition(' ')[2]} {currency}").minor
    raw = {"amount": compared.minor, "currency": currency, "period": "lifetime"}
    found = read_limits({"program": raw}).apply(Earned(money, ()), {"program": Used(used, Window())}, quotes)
    assert (str(found.amount) if isinstance(found, Earned) else f"`{found.code}`") == comes_out


@pytest.mark.parametrize("line", table("| granted | purchase | refunds |").splitlines()[2:])
def test_a_line_of_the_table_of_refunds_adds_up(line):
    granted, purchase, refunds, stays = (cell.strip() for cell in line.strip("|").split("|"))
    granted, _, how = granted.partition(", ")
    amount, reward = Money.parse(purchase), Money.parse(granted)
    refunded = count = 0
    for part in refunds.split(", then "):
        wanted = Money.parse(f"{part} {amount.currency}").minor
        refunded += refundable(amount.minor, refunded, wanted)
        count += 1
    left = still_earned(
        reward.minor,
        proportional=how != "fixed",
        amount_minor=amount.minor,
        refunded_minor=refunded,
        refunds=count,
    )
    assert str(Money(left, reward.currency)) == stays


@pytest.mark.parametrize("line", table("| granted | purchase | what happened |").splitlines()[2:])
def test_a_line_of_the_table_of_disputes_adds_up(line):
    granted, purchase, happened, stays = (cell.strip() for cell in line.strip("|").split("|"))
    granted, _, how = granted.partition(", ")
    amount, reward, back = Money.parse(purchase), Money.parse(granted), []
    for day, step in enumerate(happened.split(", ")):
        what, _, part = step.partition(" ")
        if what in ("refunded", "disputed"):
            kind = "refund" if what == "refunded" else "dispute"
            wanted = Money.parse(f"{part} {amount.currency}").minor
            back.append(WentBack(UUID(int=day), kind, f"{day}", NOON + DAY * day, wanted))
        elif what == "won":
            back = [replace(one, won_at=NOON + DAY * day) if one.kind == "dispute" else one for one in back]
    counts = counted(amount.minor, back).values()
    left = still_earned(
        reward.minor,
        proportional=how != "fixed",
        amount_minor=amount.minor,
        refunded_minor=sum(one.applied_minor - one.restored_minor for one in counts),
        refunds=sum(one.won_at is None for one in back),
    )
    assert str(Money(left, reward.currency)) == stays


def test_the_table_of_writing_off_is_what_happens(in_app):
    lines = table("| paid 10.00 USD").splitlines()[2:]
    steps, keeps, owes = zip(*([cell.strip() for cell in line.strip("|").split("|")] for line in lines), strict=True)
    assert steps == ("disputed 20.00", "written off", "refunded 15.00", "won")
    with write_transaction() as session:
        money.publish(session)
        ada, bob = money.ada_and_bob(session)
        reward_id = money.buy(session, bob, "50.00 USD").rewards[0].id
        money.send(session, reward_id, "approved", "in_payout", "paid")
        program_id, at = factories.program(session).id, NOON + 3 * DAY
        found = []
        for step in (
            lambda: money.dispute(session, "20.00 USD"),
            lambda: write_off_what_is_owed(
                session, program_id, reward_id, seen_minor=400, note="Small", by=ada.id, now=at
            ),
            lambda: money.refund(session, "15.00 USD", at=at),
            lambda: money.decide(session, at=at),
        ):
            step()
            row = find_reward(session, ada.id, reward_id)
            found.append((Money(row.amount_minor - row.taken_minor, "USD"), Money(row.owed_minor, "USD")))
    assert [(str(kept), str(owed)) for kept, owed in found] == list(zip(keeps, owes, strict=True))


@pytest.mark.parametrize("line", table("| spent | sent back |").splitlines()[2:])
def test_a_line_of_the_table_of_store_credit_adds_up(line):
    spent, back, available, owed = (Money.parse(cell.strip()) for cell in line.strip("|").split("|"))
    granted, approved, clawback = Money(1000, "USD"), 1000 - spent.minor, 0
    ((_key, part),) = parts_of(spent.minor, [("it", 1000)]) if spent.minor else [("it", None)]
    status = part.status if part else "approved"
    for _change, postings in credit_taken_back(back, granted, spent.minor, status) if back.minor else ():
        for posting in postings:
            approved += posting.amount.minor if posting.account == "approved" else 0
            clawback += posting.amount.minor if posting.account == "clawback" else 0
    assert (available_minor(approved, clawback), -clawback) == (available.minor, owed.minor)


def test_every_form_of_a_reward_is_explained():
    besides = TEXT.partition("## Besides money")[2].partition("## ")[0]
    assert set(re.findall(r"^- \*\*`(\w+)`\*\*", besides, re.MULTILINE)) == set(REWARDS) - {"cash"}


def test_its_links_lead_somewhere():
    assert links_and_paths_that_lead_nowhere("docs/money.md") == []
