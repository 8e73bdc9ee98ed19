"""Grapevine: referral tracking that explains every decision."""

from flask import Flask, request
from flask_babel import get_locale
from flask_login import current_user

from webapp import assets, cli, database, errors, formatting, incoming, limits, logs, metrics, signed_in, views
from webapp.clicks import countries, fast_path, visits
from webapp.config import ROOT, Config
from webapp.extensions import babel, csrf, migrate
from webapp.extensions import db as db  # what the migrations and `flask shell` look for
from webapp.security import SecurityHeaders
from webapp.services.sessions import LIFETIME
from webapp.signing import StrictSessions

KIB = 1024
THEMES = ("light", "dark")


def create_app(config: Config, **overrides: object) -> Flask:
    """Build the application. `overrides` are settings of Flask and its extensions, for tests."""
    app = Flask(
        __name__,
        static_folder=None,
        template_folder=str(ROOT / "templates"),
        instance_path=str(config.instance),
    )
    app.config.update(_settings(config), **overrides)
    app.extensions["grapevine_config"] = config
    metrics.init_app(app)
    logs.init_app(app)
    incoming.init_app(app)
    countries.init_app(app)
    database.init_app(app)
    migrate.init_app(app, database.db, directory=str(ROOT / "migrations"))
    app.session_interface = StrictSessions()
    signed_in.init_app(app)
    csrf.init_app(app)
    limits.init_app(app)
    babel.init_app(app, locale_selector=_reader_locale)
    formatting.init_app(app)
    errors.init_app(app)
    views.init_app(app)
    cli.init_app(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_template_globals)
    assets.init_app(app, production=config.production)
    visits.init_app(app)
    fast_path.init_app(app)
    if config.trusted_proxies:
        app.wsgi_app = incoming.behind_proxies(app.wsgi_app, config.trusted_proxies)  # type: ignore[method-assign]
    app.wsgi_app = SecurityHeaders(  # type: ignore[method-assign]
        app.wsgi_app, https=config.production and config.base_url.startswith("https:")
    )
    return app


def _settings(config: Config) -> dict[str, object]:
    return {
        "SECRET_KEY": config.secret_key,
        **database.settings(config.database_url),
        "BASE_URL": config.base_url,
        "MAIL_URL": config.mail_url,
        "OWN_HOSTS": config.own_hosts,
        "SESSION_COOKIE_NAME": "gv_session",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": config.secure,
        "PERMANENT_SESSION_LIFETIME": LIFETIME,
        "SESSION_REFRESH_EACH_REQUEST": False,
        # A form stays good as long as the sign-in that it belongs to.
        "WTF_CSRF_TIME_LIMIT": None,
        # The token and SameSite are enough; a browser that hides where it comes from may still sign in.
        "WTF_CSRF_SSL_STRICT": False,
        "MAX_CONTENT_LENGTH": 64 * KIB,
        "MAX_FORM_MEMORY_SIZE": 64 * KIB,
        "MAX_FORM_PARTS": 100,
        "RATE_LIMIT_URL": config.rate_limit_url,
        "METRICS_TOKEN": config.metrics_token,
        "COUNTRY_DATABASE": config.country_database,
        "ADMIN_SECOND_FACTOR_REQUIRED": config.admin_second_factor_required,
        "SECURITY_CONTACT": config.security_contact,
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "webapp" / "translations"),
        "LOG_FORMAT": "json" if config.production else "console",
        # OWASP's first choice for Argon2id with one lane.
        "ARGON2_PASSES": 2,
        "ARGON2_MEMORY_KIB": 19 * KIB,
    }


def _reader_locale() -> str | None:
    """Return the language of the request; None, which is the default one, for mails: they have no request."""
    if not request:
        return None
    translated = [str(one) for one in babel.list_translations()]
    return formatting.reader_locale(signed_in.chosen_language(), request.accept_languages.values(), translated)


def _template_globals() -> dict[str, object]:
    theme = request.cookies.get("theme") if request else None
    return {
        "theme": theme if theme in THEMES else None,
        "locale": str(get_locale() or "en").replace("_", "-"),
        "current_user": current_user,
    }
