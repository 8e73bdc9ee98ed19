"""Reward rules as a TOML file says them: what `rules export` prints, `rules apply` reads and pages show."""

import re
import tomllib
from collections.abc import Sequence
from typing import Any

import tomlkit
from tomlkit.items import Item

from webapp.domain.rules import RuleDefinition, RuleError, read_rule

# What stands in a table of its own below its rule.
_BELOW = ("when", "limits")
# No rule is as deep as this; Python takes minutes to read names of thousands of parts.
_MOST_PARTS = 50
_NO_NAME = re.compile(r""""[^"]*"|'[^']*'|#.*""")


class RuleFileError(ValueError):
    """A file of rules is wrong; the message says which rule and which field."""


def read_rules(text: str) -> list[RuleDefinition]:
    """Read the rules of a file. Raises RuleFileError."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") > _MOST_PARTS and _NO_NAME.sub("", line).count(".") > _MOST_PARTS:
            raise RuleFileError(f"line {number} has a name of too many parts")
    try:
        document = tomllib.loads(text)
    except RecursionError as error:
        raise RuleFileError("it is nested too deeply") from error
    # Also a number of thousands of digits, which Python does not read.
    except ValueError as error:
        raise RuleFileError(f"it is not TOML: {error}") from error
    if unknown := sorted(set(document) - {"rules"}):
        raise RuleFileError(f"{unknown[0]} is not known; rules stand below [[rules]]")
    tables = document.get("rules", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise RuleFileError("each rule must stand below a line [[rules]]")
    wanted: dict[str, RuleDefinition] = {}
    for number, table in enumerate(tables, 1):
        try:
            rule = read_rule(table)
            if rule.key in wanted:
                raise RuleError("key", "is used by two rules of this file")
        except RuleError as error:
            raise RuleFileError(f"rule {_called(table, number)}: {error.field} {error.problem}") from error
        wanted[rule.key] = rule
    return list(wanted.values())


def _called(table: dict[str, Any], number: int) -> str:
    key = table.get("key")
    return f"“{key}”" if isinstance(key, str) and key.isprintable() else f"number {number}"


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
