"""Reward rules as a TOML file says them: what `rules export` prints and pages show."""

from collections.abc import Sequence
from typing import Any

import tomlkit
from tomlkit.items import Item

from webapp.domain.rules import RuleDefinition

# What stands in a table of its own below its rule.
_BELOW = ("when", "limits")


def written(rules: Sequence[RuleDefinition]) -> str:
    """Return rules as the file that `rules apply` takes."""
    document = tomlkit.document()
    tables = tomlkit.aot()
    for rule in rules:
        table = tomlkit.table()
        for name, value in rule.table().items():
            if name in _BELOW:
                below = tomlkit.table()
                for path, part in value.items():
                    below.add(path, item(part))
                value = below
            table.add(name, item(value))
        tables.append(table)
    if rules:
        document.add("rules", tables)
    return tomlkit.dumps(document)


def item(value: Any) -> Item:
    """Return a value as it stands in a file: what is in tables is written in a line."""
    if isinstance(value, Item):
        return value
    if isinstance(value, dict):
        inline = tomlkit.inline_table()
        for name, part in value.items():
            inline.add(name, item(part))
        return inline
    if isinstance(value, list):
        array = tomlkit.array()
        for one in value:
            array.append(item(one))
        return array.multiline(len(value) > 1 and isinstance(value[0], dict))
    return tomlkit.item(value)
