"""`rules replay`: rules of a file tried on the past, told as text or as JSON. Nothing is written."""

import json
import sys
import time
from collections.abc import Hashable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from webapp.cli.rules import find, group, program_option, read_file
from webapp.clock import utc_now
from webapp.database import one_snapshot
from webapp.domain.chosen_period import EARLIEST
from webapp.domain.money import Money
from webapp.domain.periods import day_begins, local_day
from webapp.domain.replaying.told import Pair, Replayed
from webapp.domain.rules import RuleDefinition
from webapp.models import Program
from webapp.queries.replays import Progress, id_of, names_of, replay_rules

__all__ = ["group"]

LATEST = date(2999, 12, 31)
# How many referrers the text names at either end; JSON names all of them.
MOST_NAMED = 5
_STEPS = {
    "first_purchases": "First purchases",
    "later_purchases": "Later purchases",
    "signups": "Signups",
    "others": "Other events",
    "limits": "Limits",
}


@group.command("replay")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--since", required=True, help="The first day that is looked at, as in 2026-05-01.")
@click.option("--until", help="The last day that is looked at; today by default.")
@click.option("--json", "as_json", is_flag=True, help="For programs: all of it, amounts in minor units.")
@program_option
def replay(file: Path, since: str, until: str | None, as_json: bool, slug: str) -> None:
    """Say what the rules of a file would have paid, beside what was paid. Writes nothing."""
    draft = read_file(file, otherwise="Nothing was tried.")
    with one_snapshot() as session:
        program = find(session, slug)
        today = local_day(utc_now(), program.time_zone)
        first, last = _day("--since", since), _day("--until", until) if until else today
        if first > last:
            raise click.BadParameter("must not be later than --until", param_hint="--since")
        ends = (day_begins(day, program.time_zone) for day in (first, last + timedelta(days=1)))
        began = time.perf_counter()
        told = _run(replay_rules(session, program, draft, since=next(ends), until=next(ends)))
        seconds = time.perf_counter() - began
        if as_json:
            click.echo(json.dumps(_as_json(told, first, last, seconds), indent=2))
            return
        people = _extremes(told, program.currency)
        names = names_of(session, [id_of(one) for one in people])
        for line in _as_text(told, program, draft, first, last, seconds, {key: names[id_of(key)] for key in people}):
            click.echo(line)


def _day(option: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter("must be a day, as in 2026-05-01", param_hint=option) from error
    if not EARLIEST <= day <= LATEST:
        raise click.BadParameter(f"must be a day from {EARLIEST} to {LATEST}", param_hint=option)
    return day


def _run(replay: Iterator[Progress]) -> Replayed:
    """Run to the end, telling a person who watches how far it is."""
    is_watched = sys.stderr.isatty()
    while True:
        try:
            progress = next(replay)
        except StopIteration as end:
            if is_watched:
                click.echo("\r\033[K", err=True, nl=False)
            told: Replayed = end.value
            return told
        if is_watched and progress.done % 10_000 < 1_000:
            click.echo(f"\r{progress.done:,} of {progress.total:,}", err=True, nl=False)


def _extremes(told: Replayed, currency: str) -> dict[Hashable, int]:
    """Return the referrers who gain and who lose most in the program's currency, with how much."""
    changed = [one for one in told.referrers if one.pair.currency == currency and one.pair.difference]
    gain = [one for one in changed if one.pair.difference > 0][:MOST_NAMED]
    lose = [one for one in changed if one.pair.difference < 0][-MOST_NAMED:]
    return {one.referrer: one.pair.difference for one in (*gain, *lose)}


def _as_text(
    told: Replayed,
    program: Program,
    draft: Sequence[RuleDefinition],
    first: date,
    last: date,
    seconds: float,
    names: dict[Hashable, str],
) -> Iterator[str]:
    counts = told.counts
    yield f"Draft: {', '.join(rule.key for rule in draft) or 'no rule'}. All other rules as they were."
    yield (
        f"From {first} to {last}: {counts.conversions:,} conversions of friends, {counts.purchases:,} of them"
        f" purchases, looked at in {seconds:.1f} s. {counts.changed:,} would have paid something else."
    )
    if not counts.conversions:
        yield "Nothing happened in these days, so there is nothing to compare."
        return
    yield from _table("In total", [("", pair) for pair in told.totals])
    yield from _table("By month", [(f"{one.month:%Y-%m}", one.pair) for one in told.months])
    yield from _table("By rule", [(one.key, one.pair) for one in told.rules])
    yield "\nWhere the difference comes from"
    for part in told.steps:
        yield f"  {f'{_STEPS[part.step]} {part.currency}':<24}{_signed(part.minor, part.currency):>48}"
    more, less, same = told.standing(program.currency)
    yield f"\nReferrers, in {program.currency}: {more:,} would have earned more, {less:,} less, {same:,} the same."
    for key, minor in _extremes(told, program.currency).items():
        yield f"  {names[key]:<24}{_signed(minor, program.currency):>48}"
    yield from (*_steps(told), *_limits(told), *_budgets(told))
    yield "\nNothing was written."


def _table(title: str, rows: Sequence[tuple[str, Pair]]) -> Iterator[str]:
    if not rows:
        return
    yield f"\n{title:<26}{'paid':>16}{'draft':>16}{'difference':>16}"
    for name, pair in rows:
        paid, draft = (f"{Money(minor, pair.currency).decimal:,f}" for minor in (pair.paid, pair.draft))
        label, difference = f"{name} {pair.currency}".strip(), _signed(pair.difference, pair.currency)
        yield f"  {label:<24}{paid:>16}{draft:>16}{difference:>16}{_percent(pair)}"


def _percent(pair: Pair) -> str:
    if not pair.paid or not pair.difference:
        return ""
    return f"  {Decimal(pair.difference * 100) / pair.paid:+.1f}%"


def _signed(minor: int, currency: str) -> str:
    decimal = Money(minor, currency).decimal
    return f"{decimal:+,f}" if minor else f"{decimal:f}"


def _steps(told: Replayed) -> Iterator[str]:
    for one in told.steps_reached:
        yield f"{one.key}, {one.side}: {len(one.referrers)} referrers come to the step at {one.friends} friends"


def _limits(told: Replayed) -> Iterator[str]:
    for one in told.limits:
        side = "with the draft" if one.side == "draft" else "as it was"
        yield (
            f"Limits of {one.key}, {side}: {one.times:,} rewards cut or refused,"
            f" {Money(one.minor, one.currency)} not paid, {len(one.referrers):,} referrers."
        )


def _budgets(told: Replayed) -> Iterator[str]:
    for one in told.budgets:
        if one.ran_out_at is not None:
            side = "with the draft" if one.side == "draft" else "as it was"
            yield f"The budget of {one.key}, {side}, ran out on {one.ran_out_at:%Y-%m-%d %H:%M} UTC."


def _as_json(told: Replayed, first: date, last: date, seconds: float) -> dict[str, Any]:
    """Return the documented form: docs/rules-lab.md."""
    counts = told.counts
    return {
        "since": first.isoformat(),
        "until": last.isoformat(),
        "conversions": counts.conversions,
        "purchases": counts.purchases,
        "changed": counts.changed,
        "seconds": round(seconds, 3),
        "totals": [_pair(pair) for pair in told.totals],
        "for_friends": [_pair(pair) for pair in told.for_friends],
        "months": [{"month": f"{one.month:%Y-%m}", **_pair(one.pair)} for one in told.months],
        "rules": [{"key": one.key, **_pair(one.pair)} for one in told.rules],
        "referrers": [{"referrer_id": str(id_of(one.referrer)), **_pair(one.pair)} for one in told.referrers],
        "steps": [{"step": one.step, "currency": one.currency, "amount": one.minor} for one in told.steps],
        "steps_reached": [
            {"side": one.side, "rule": one.key, "friends": one.friends, "referrers": len(one.referrers)}
            for one in told.steps_reached
        ],
        "limits": [
            {
                "side": one.side,
                "rule": one.key,
                "currency": one.currency,
                "rewards": one.times,
                "amount": one.minor,
                "referrer_ids": [str(id_of(key)) for key in one.referrers],
            }
            for one in told.limits
        ],
        "budgets": [
            {
                "side": one.side,
                "rule": one.key,
                "period": one.period,
                "since": _moment(one.since),
                "until": _moment(one.until),
                "most": one.most,
                "used": one.used,
                "currency": one.currency,
                "ran_out_at": _moment(one.ran_out_at),
            }
            for one in told.budgets
        ],
        "most_changed": [
            {
                "conversion_id": str(id_of(one.id)),
                "event_id": one.event_id,
                "type": one.type,
                "occurred_at": one.occurred_at.isoformat(),
                "nth": one.nth,
                **_pair(one.pair),
            }
            for one in told.changed
        ],
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {"currency": pair.currency, "paid": pair.paid, "draft": pair.draft, "difference": pair.difference}


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
