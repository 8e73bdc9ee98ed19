"""The ids by which the business called what an erased person did: sealed, so that they are known again."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from webapp.domain.seals import Sealer, with_words_replaced
from webapp.models import Model, User
from webapp.transactions import connection_of

_T = Model.metadata.tables
# Of each operation of the API, what its ids are of: some have ids of their own.
KIND_OF = {
    "signup": "person",
    "conversion": "event",
    "refund": "refund",
    "dispute": "dispute",
    "dispute_outcome": "outcome",
    "redemption": "redemption",
    "redemption_reversal": "redemption",
    "fulfilment": "fulfilment",
}


def seal_ids_of(session: Session, person: User, sealer: Sealer, new_codes: Mapping[str, str]) -> None:
    """Seal what the business called the person, their orders, events, refunds and redemptions, and the answers to them.

    Details that were told beside an event are deleted. What the first answers say of all that is sealed with it;
    `new_codes` are what codes in them become.
    """
    found = _Found(session, person, sealer)
    for table, columns in _COLUMNS.items():
        found.seal(table, columns)
    found.forget_details()
    found.seal_answers({**new_codes, **{name: "" for name in (person.name, person.email) if name}})


# Columns with ids, and what they are of.
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "conversions": {"event_id": "event", "order_id": "order"},
    "refunds": {"event_id": "", "order_id": "order", "conversion_event_id": "event"},
    "dispute_outcomes": {"event_id": "outcome", "dispute_event_id": "dispute"},
    "redemptions": {"event_id": "redemption"},
}


class _Found:
    """What there is of a person, and what each id becomes: by its kind and itself."""

    def __init__(self, session: Session, person: User, sealer: Sealer) -> None:
        self.connection, self.person, self.sealer = connection_of(session), person, sealer
        self.seals: dict[tuple[str, str], str] = {}
        conversions, refunds, outcomes = _T["conversions"].c, _T["refunds"].c, _T["dispute_outcomes"].c
        rows = self.connection.execute(
            select(conversions.id, conversions.event_id).where(conversions.user_id == person.id)
        ).all()
        self.conversions: list[UUID] = [row.id for row in rows]
        events = {row.id: row.event_id for row in rows if row.event_id}
        disputes = select(refunds.event_id).where(
            refunds.kind == "dispute", refunds.conversion_id.in_(self.conversions)
        )
        self.where = {
            "conversions": conversions.user_id == person.id,
            "refunds": refunds.conversion_id.in_(self.conversions),
            # Before the disputes themselves are sealed.
            "dispute_outcomes": and_(
                outcomes.program_id == person.program_id,
                outcomes.dispute_event_id.in_([row[0] for row in self.connection.execute(disputes)]),
            ),
            "redemptions": _T["redemptions"].c.user_id == person.id,
        }
        self._keep_order()
        qualified = _T["qualified_friends"]
        for conversion_id, event_id in events.items():
            # Where others happened at the same moment, their order stands there by now.
            same = (qualified.c.conversion_id == conversion_id, qualified.c.tie == event_id)
            self.connection.execute(update(qualified).where(*same).values(tie=self.seal_of("event", event_id)))

    def _keep_order(self) -> None:
        """Number what happened at one moment with what the person did, as it was in order until now by its ids.

        Numbers of friends, and with them money, rest on that order.
        """
        table, qualified = _T["conversions"], _T["qualified_friends"]
        here = table.c.program_id == self.person.program_id
        theirs = select(table.c.occurred_at).where(table.c.user_id == self.person.id, table.c.event_id.is_not(None))
        shared = (
            select(table.c.occurred_at)
            .where(here, table.c.occurred_at.in_(theirs))
            .group_by(table.c.occurred_at)
            .having(func.count() > 1)
        )
        order = (table.c.occurred_at, func.coalesce(table.c.tie, table.c.event_id, ""), table.c.id)
        rows = self.connection.execute(
            select(table.c.id).where(here, table.c.occurred_at.in_(shared)).order_by(*order)
        ).all()
        for number, (id_,) in enumerate(rows, 1):
            # Counted through over all such moments, which leaves the order within each as it is.
            tie = f"{number:09}"
            self.connection.execute(update(table).where(table.c.id == id_).values(tie=tie))
            self.connection.execute(update(qualified).where(qualified.c.conversion_id == id_).values(tie=tie))

    def seal_of(self, kind: str, name: str) -> str:
        return self.seals.setdefault((kind, name), self.sealer.seal(kind, name))

    def seal(self, table_name: str, columns: Mapping[str, str]) -> None:
        """Seal ids of rows of a table; a refund's own id is of its kind."""
        table = _T[table_name]
        kind = [table.c.kind] if "" in columns.values() else []
        rows = self.connection.execute(
            select(*table.primary_key.columns, *kind, *(table.c[name] for name in columns)).where(
                self.where[table_name]
            )
        ).mappings()
        for row in list(rows):
            values = {name: self.seal_of(of or row["kind"], row[name]) for name, of in columns.items() if row[name]}
            if values:
                key = [column == row[column.name] for column in table.primary_key.columns]
                self.connection.execute(update(table).where(*key).values(values))

    def forget_details(self) -> None:
        """Delete what the business told beside events, and from where the person signed up."""
        conversions = _T["conversions"]
        whose = conversions.c.user_id == self.person.id
        self.connection.execute(update(conversions).where(whose).values(details=None))

    def seal_answers(self, words: Mapping[str, str]) -> None:
        """Seal the first answers to all of it; what they are found by is sealed too."""
        if self.person.external_id:
            self.seal_of("person", self.person.external_id)
        instead = {**words, **{name: seal for (_kind, name), seal in self.seals.items()}}
        answers = _T["api_answers"]
        of_program = answers.c.program_id == self.person.program_id
        for asked, kind in KIND_OF.items():
            names = [name for of, name in self.seals if of == kind]
            for some in _in_parts(names):
                self._seal_answers(and_(of_program, answers.c.operation == asked, answers.c.subject.in_(some)), instead)
        for some in _in_parts(self._custom_rewards()):
            told = or_(*(answers.c.body.contains(str(one)) for one in some))
            self._seal_answers(and_(of_program, answers.c.operation == "fulfilment", told), instead)

    def _custom_rewards(self) -> list[UUID]:
        rewards = _T["rewards"].c
        query = select(rewards.id).where(rewards.beneficiary_id == self.person.id, rewards.kind == "custom")
        return [row[0] for row in self.connection.execute(query)]

    def _seal_answers(self, where: Any, instead: Mapping[str, str]) -> None:
        answers = _T["api_answers"]
        for row in self.connection.execute(select(answers).where(where)).mappings().all():
            sealed = sealed_answer(self.sealer, row["operation"], row["subject"], row["content_hash"])
            body = with_words_replaced(row["body"], {**instead, row["subject"]: sealed["subject"]})
            same = (answers.c[name] == row[name] for name in ("program_id", "operation", "subject"))
            self.connection.execute(delete(answers).where(*same))
            self.connection.execute(answers.insert().values({**row, **sealed, "body": body}))


def sealed_answer(sealer: Sealer, operation: str, subject: str, content_hash: str) -> dict[str, str]:
    """Return by what the answer to a question is found once its person is erased."""
    return {
        "subject": sealer.seal(KIND_OF[operation], subject),
        "content_hash": sealer.seal("content", content_hash),
    }


def _in_parts(names: Iterable[Any], size: int = 200) -> list[list[Any]]:
    found = list(names)
    return [found[start : start + size] for start in range(0, len(found), size)]
