"""Thousands of applications that are all alike: what each of them would make for itself is made once a process."""

import gc
from collections.abc import Iterable
from copy import copy
from types import CodeType
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from sqlalchemy.engine import Dialect
from sqlalchemy.util import LRUCache
from werkzeug.routing import Map, Rule, RuleFactory
from werkzeug.routing.matcher import StateMachineMatcher

from webapp import views


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
        if engine.dialect.name not in _statements:
            # Its first connection tells it what the database is able to do.
            engine.connect().close()
        kept = _statements.setdefault(engine.dialect.name, (engine.dialect, LRUCache(4_000)))
        if kept[0].server_version_info:
            # It has asked the server already who it is.
            engine.dialect.initialize = lambda _connection: None
        engine.dialect, engine._compiled_cache = kept


def compile_routes_once() -> None:
    """Keep what werkzeug compiles of a rule, nine tenths of what it takes to make an application.

    The function that builds its URLs knows the rule by what it is called with, and converters are not asked for the
    map that they came from, so that equal rules of other applications can share both.
    """
    compiled: dict[Any, tuple[Any, ...]] = {}
    compile_anew = Rule.compile

    def compile_once(rule: Rule) -> None:
        defaults = tuple(sorted((name, repr(value)) for name, value in (rule.defaults or {}).items()))
        key = (rule.rule, rule.host, rule.subdomain, rule.merge_slashes, defaults)
        if key not in compiled:
            compile_anew(rule)
            build = rule._build.__func__, rule._build_unknown.__func__
            compiled[key] = (rule._parts, rule._trace, rule._converters, frozenset(rule.arguments), *build)
            return
        parts, trace, converters, arguments, known, unknown = compiled[key]
        rule._parts, rule._trace, rule._converters = list(parts), list(trace), dict(converters)
        rule.arguments |= arguments
        rule._build, rule._build_unknown = known.__get__(rule, None), unknown.__get__(rule, None)

    Rule.compile = compile_once


def collect_garbage_rarely() -> None:
    """Leave what was imported out of every search for garbage, and search less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


# Functions that blueprints give to an application, by what they are for.
_GIVEN = (
    *("before_request_funcs", "after_request_funcs", "teardown_request_funcs", "template_context_processors"),
    *("url_value_preprocessors", "url_default_functions"),
)


class _SharedMap(Map):
    """The rules of other applications, until somebody adds one for this application alone."""

    is_shared = True

    def add(self, rulefactory: RuleFactory) -> None:
        if self.is_shared:
            self.is_shared = False
            rules = list(self.iter_rules())
            self._matcher, self._rules_by_endpoint = StateMachineMatcher(self.merge_slashes), {}
            for rule in rules:
                super().add(rule.empty())
        super().add(rulefactory)


def register_views_once() -> None:
    """Keep what registering the blueprints makes of an application, four fifths of what it takes to make one."""
    register = views.init_app
    kept: dict[str, Any] = {}

    def register_once(app: Flask) -> None:
        if kept:
            for name, given in kept["given"].items():
                for scope, functions in given.items():
                    getattr(app, name)[scope].extend(functions)
            for scope, handlers in kept["handlers"].items():
                app.error_handler_spec[scope] = {code: dict(of_code) for code, of_code in handlers.items()}
        else:
            before = {name: {scope: len(found) for scope, found in getattr(app, name).items()} for name in _GIVEN}
            of_all = set(app.error_handler_spec)
            register(app)
            kept["given"] = {
                name: {scope: found[before[name].get(scope, 0) :] for scope, found in getattr(app, name).items()}
                for name in _GIVEN
            }
            kept["handlers"] = {scope: found for scope, found in app.error_handler_spec.items() if scope not in of_all}
            kept["views"], kept["blueprints"], kept["map"] = app.view_functions, app.blueprints, app.url_map
            app.url_map.update()
        app.view_functions, app.blueprints = dict(kept["views"]), dict(kept["blueprints"])
        app.url_map = copy(kept["map"])
        app.url_map.__class__ = _SharedMap

    views.init_app = register_once
