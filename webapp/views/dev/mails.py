"""Every mail as people get it, told of things that never happened."""

from email.message import EmailMessage

from flask import Blueprint, Response, abort, request
from flask_login import current_user

from webapp.domain.mail_kinds import label_of
from webapp.extensions import babel
from webapp.formatting import DEFAULT_LANGUAGE
from webapp.mail_samples import mail_templates, sample_mail
from webapp.security import CONTENT_SECURITY_POLICY
from webapp.web import render

bp = Blueprint("mails", __name__, url_prefix="/mails")

# The page of a mail may have its styles in it and nothing else, as in a mail program; only our own page shows it.
_OF_A_MAIL = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
_WITH_A_FRAME = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"


@bp.get("")
def index() -> Response:
    mails = [(template, label_of(template)) for template in mail_templates()]
    return render("dev/mails/index.html", mails=mails, languages=_languages())


@bp.get("/<template>")
def show(template: str) -> Response:
    mail, language = _mail(template)
    headers = [(name, value) for name, value in mail.items() if name not in {"Subject", "Content-Type"}]
    response = render(
        "dev/mails/show.html",
        name=template,
        language=language,
        languages=_languages(),
        subject=mail["Subject"],
        headers=headers,
        text=_part(mail, "plain"),
    )
    response.headers["Content-Security-Policy"] = _WITH_A_FRAME
    return response


@bp.get("/<template>/page")
def page(template: str) -> Response:
    mail, _language = _mail(template)
    response = Response(_part(mail, "html"), mimetype="text/html")
    response.headers["Content-Security-Policy"] = _OF_A_MAIL
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _mail(template: str) -> tuple[EmailMessage, str]:
    language = request.args.get("language", DEFAULT_LANGUAGE)
    if template not in mail_templates() or language not in _languages():
        abort(404)
    return sample_mail(template, current_user, language), language


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    text: str = part.get_content() if part else ""
    return text


def _languages() -> list[str]:
    return sorted({DEFAULT_LANGUAGE, *(locale.language for locale in babel.list_translations())})
