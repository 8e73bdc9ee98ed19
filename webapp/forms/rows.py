"""Rows of a form that people add and remove, and sentences with fields in them."""

import re
from collections.abc import Iterator
from typing import Any

from wtforms import FieldList, Form, FormField


def sentence_pieces(sentence: str) -> list[tuple[str, str]]:
    """Return a translated sentence with names, as in "%(percent)s of it", in pieces: words, and the name after them."""
    words = re.split(r"%\((\w+)\)s", sentence)
    texts = (text.replace("%%", "%").strip() for text in words[::2])
    return list(zip(texts, [*words[1::2], ""], strict=True))


class RowList(FieldList):
    """Rows of one form each. One more than there may be is read, and then refused: what was sent is not cut."""

    _NAME = re.compile(r"-[0-9]{1,4}-")

    def __init__(self, row: type[Form], *, most: int, **kwargs: Any) -> None:
        super().__init__(FormField(row), max_entries=most + 1, **kwargs)
        self.most = most

    @property
    def is_full(self) -> bool:
        """Whether no row can be added."""
        return len(self.entries) >= self.most

    def add(self, values: dict[str, str]) -> None:
        """Put one more row below the others, unless there are as many as there may be."""
        if not self.is_full:
            self.append_entry(values)

    def remove(self, name: str) -> int | None:
        """Take out the row with this name, such as "conditions-2"; the others keep theirs. Return where it stood."""
        at = next((number for number, entry in enumerate(self.entries) if entry.name == name), None)
        if at is not None:
            del self.entries[at]
        return at

    def _compact_indices(self) -> None:
        """Let rows keep the names under which they were sent: what a button removes is one of those."""

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        # A name whose number Python cannot read is not one of ours.
        ours = [name for name in formdata if name.startswith(prefix) and self._NAME.match(name, len(prefix))]
        yield from super()._extract_indices(prefix, ours)
