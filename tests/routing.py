"""Thousands of applications with the same routes: what werkzeug compiles for each of them is compiled once."""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


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
