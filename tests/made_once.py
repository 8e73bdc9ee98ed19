"""Thousands of applications that are all alike: what each of them would make for itself is made once a process."""

from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from sqlalchemy.engine import Dialect
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule


class Templates(BytecodeCache):
    """What Jinja compiles, as long as its source stays the same."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key, bucket.checksum] = bucket.code


TEMPLATES = Templates()
_statements: dict[str, tuple[Dialect, LRUCache[Any, Any]]] = {}


def write_statements_once(engines: Iterable[Engine]) -> None:
    """Keep what SQLAlchemy writes in SQL, half of what it takes to ask a new database anything.

    Statements are kept by dialect, so that all engines of a kind get the same one.
    """
    for engine in engines:
        kept = _statements.setdefault(engine.dialect.name, (engine.dialect, LRUCache(4_000)))
        engine.dialect, engine._compiled_cache = kept


def compile_routes_once() -> None:
    """Keep the functions that build URLs, nine tenths of what it takes to make an application.

    Such a function knows its rule by what it is called with, so that equal rules of other applications can share it.
    """
    compiled: dict[Any, Callable[..., tuple[str, str]]] = {}
    compile_anew = Rule._compile_builder

    def compile_builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        defaults = tuple(sorted((name, repr(value)) for name, value in (rule.defaults or {}).items()))
        key = (rule.rule, tuple(rule._trace), defaults, append_unknown)
        if key not in compiled:
            compiled[key] = compile_anew(rule, append_unknown)
        return compiled[key]

    Rule._compile_builder = compile_builder
