"""Pages, by audience outside and by noun inside. Each audience has one guard, in its own package."""

from flask import Flask

from webapp.views import account, admin, analytics, api, dev, machines, public, referrer

# Every endpoint begins with one of these names; the route test refuses any other.
AUDIENCES = {"public", "account", "referrer", "analytics", "admin", "api", "machines", "dev"}


def init_app(app: Flask) -> None:
    """Register the audiences."""
    for audience in (public, account, referrer, analytics, admin, api, machines, dev):
        app.register_blueprint(audience.bp)
