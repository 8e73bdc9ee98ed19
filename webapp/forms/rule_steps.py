"""Steps of a reward rule as rows of its form: at which number of friends what is paid."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from flask_babel import gettext as _
from wtforms import Form, StringField

from webapp.domain.friend_steps import MOST_FRIENDS, MOST_STEPS
from webapp.domain.money import Money
from webapp.domain.sentences import N_
from webapp.formatting import typed_money
from webapp.forms.rows import RowList, sentence_pieces
from webapp.forms.typed import TypedError, amount_of, percent_of, percent_shown, whole_of


class StepForm(Form):
    """One step. `pays` names the field of what is paid, `sentence` has both fields in it, for translation."""

    friends = StringField()
    pays: ClassVar[str]
    sentence: ClassVar[str]

    @property
    def pieces(self) -> list[tuple[str, str]]:
        """The sentence in the reader's language in pieces: words, and the field after them or ""."""
        return sentence_pieces(_(self.sentence))

    @property
    def paid(self) -> StringField:
        """The field of what is paid."""
        field: StringField = self[self.pays]
        return field

    def number(self, before: Collection[int]) -> int | None:
        """Return the number of friends, above all those `before`. None when it is wrong, which is said at its field."""
        text = (self.friends.data or "").strip()
        try:
            if not text:
                raise TypedError(_("Please write the number of friends."))
            friends = whole_of(text, 1, MOST_FRIENDS)
            if friends in before:
                raise TypedError(_("Another step is at this number already: please change one or remove it."))
            if friends < (highest := max(before, default=0)):
                raise TypedError(_("Please write more than %(before)s: it rises from step to step.", before=highest))
        except TypedError as error:
            self.friends.errors = [str(error)]
            return None
        return friends

    def worth(self, currency: str) -> object:
        """Return what is paid as a rules file has it. None when it is wrong, which is said at its field."""
        try:
            return self.read(self.paid.data or "", currency)
        except TypedError as error:
            self.paid.errors = [str(error)]
            return None

    @staticmethod
    def read(text: str, currency: str) -> object:
        """Read what is paid. Raises TypedError."""
        raise NotImplementedError

    @staticmethod
    def show(value: Any, currency: str) -> str:
        """Return what is paid as it stands in its field."""
        raise NotImplementedError


class PercentStepForm(StepForm):
    """From how many friends on which percentage is paid."""

    percent = StringField()
    pays = "percent"
    sentence = N_("from %(friends)s friends on %(percent)s")

    @staticmethod
    def read(text: str, currency: str) -> object:
        """Read a percentage. Raises TypedError."""
        return percent_of(text)

    @staticmethod
    def show(value: Any, currency: str) -> str:
        """Return a percentage as the reader writes it."""
        return percent_shown(value)


class AmountStepForm(StepForm):
    """At how many friends which bonus is paid."""

    amount = StringField()
    pays = "amount"
    sentence = N_("at %(friends)s friends %(amount)s")

    @staticmethod
    def read(text: str, currency: str) -> object:
        """Read an amount in major units. Raises TypedError."""
        return amount_of(text, currency).minor

    @staticmethod
    def show(value: Any, currency: str) -> str:
        """Return an amount as the reader writes it."""
        return typed_money(Money(value, currency))


class StepList(RowList):
    """The steps of a rule."""

    def __init__(self, row: type[StepForm], **kwargs: Any) -> None:
        super().__init__(row, most=MOST_STEPS, **kwargs)
        self.pays = row.pays
        # The id of the control that is next for whoever added or removed a row.
        self.focus = ""

    @property
    def problem(self) -> str:
        """What is wrong with the list as a whole; empty when it is one of its cells."""
        in_cells = any(cell.errors for entry in self.entries for cell in entry.form)
        return "" if in_cells or not self.errors else str(self.errors[0])

    def problems(self) -> Iterator[tuple[int, str]]:
        """Yield the number of the step and the words of each problem at a cell."""
        for number, entry in enumerate(self.entries, 1):
            for cell in entry.form:
                yield from ((number, str(text)) for text in cell.errors)

    def add_step(self) -> None:
        """Put an empty step below the others, and go there."""
        self.add({})
        self.focus = self.entries[-1].form.friends.id

    def remove_step(self, name: str) -> None:
        """Take out a step, and go to what stands in its place."""
        at = self.remove(name)
        if at is not None:
            self.focus = (
                f"remove-{self.entries[min(at, len(self.entries) - 1)].id}" if self.entries else f"add-{self.id}"
            )

    def read(self, currency: str) -> list[dict[str, object]]:
        """Return the steps as a rules file has them. Of what is wrong at a cell the list says that one is."""
        if not self.entries:
            self.errors = [_("Please add a step: without one nothing is paid.")]
        elif len(self.entries) > self.most:
            self.errors = [_("Please remove steps: there can be %(most)s at most.", most=self.most)]
        steps: list[dict[str, object]] = []
        numbers: list[int] = []
        for form in (entry.form for entry in self.entries):
            friends, worth = form.number(numbers), form.worth(currency)
            numbers += [] if friends is None else [friends]
            steps.append({"friends": friends, self.pays: worth})
            if (friends is None or worth is None) and not self.errors:
                self.errors = [_("A step needs another look.")]
        return steps

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        # Of a step of another kind only the friends are ours.
        ours = [name for name in formdata if name.rpartition("-")[2] in ("friends", self.pays)]
        yield from super()._extract_indices(prefix, ours)


def shown_steps(row: type[StepForm], plain: Iterable[Mapping[str, Any]], currency: str) -> list[dict[str, str]]:
    """Return steps as they stand in the rows of a list."""
    return [{"friends": str(step["friends"]), row.pays: row.show(step[row.pays], currency)} for step in plain]
