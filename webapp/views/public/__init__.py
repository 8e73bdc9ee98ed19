"""Pages for anyone."""

from flask import Blueprint

from webapp.views.public import clicks, home, sessions, signups
from webapp.web import keep_out_of_caches

bp = Blueprint("public", __name__)
bp.after_request(keep_out_of_caches)
for noun in (home, signups, sessions, clicks):
    bp.register_blueprint(noun.bp)
