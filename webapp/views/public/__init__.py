"""Pages for anyone."""

from flask import Blueprint

from webapp.views.public import (
    api_docs,
    clicks,
    home,
    invitations,
    passwords,
    privacy,
    reported_clicks,
    security_text,
    sessions,
    sign_in_codes,
    sign_in_links,
    signups,
    unwanted_mails,
    verifications,
)
from webapp.web import keep_out_of_caches

bp = Blueprint("public", __name__)
bp.after_request(keep_out_of_caches)
for noun in (
    *(home, signups, invitations, sessions, sign_in_codes, passwords, verifications),
    *(sign_in_links, clicks, reported_clicks, api_docs, unwanted_mails, privacy, security_text),
):
    bp.register_blueprint(noun.bp)
