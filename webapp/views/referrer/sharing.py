"""Passing a link on: the message, the ways to send it, and its QR code."""

import io
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlencode

import segno
from flask_babel import gettext as _
from markupsafe import Markup

from webapp.models import Link, Program
from webapp.views.offer_words import OfferWords
from webapp.web import absolute_url

# Of the image, for each square of the code: sharp on a poster.
PNG_SCALE = 16
QUIET_ZONE = 4


@dataclass(frozen=True, slots=True)
class ShareWay:
    """A service that a link can be passed on by; `url` opens it with the message written."""

    label: str
    icon: str
    url: str


@dataclass(frozen=True, slots=True)
class ShareCard:
    """All that the card about a link shows. `message` ends with the link, and says that its sender gets a reward."""

    link: Link
    url: str
    text: str
    message: str
    whatsapp: ShareWay
    mail: ShareWay
    further: list[ShareWay]
    qr_svg: Markup


def share_card(link: Link, program: Program, offer: OfferWords) -> ShareCard:
    """Return how a link of a program is passed on."""
    url = link_url(link.code)
    text = share_text(program, offer)
    message = f"{text}\n{url}"
    return ShareCard(
        link=link,
        url=url,
        text=text,
        message=message,
        whatsapp=ShareWay(_("WhatsApp"), "brand-whatsapp", f"https://wa.me/?{_query(text=message)}"),
        mail=ShareWay(_("E-mail"), "mail", f"mailto:?{_query(subject=program.name, body=message)}"),
        further=[
            ShareWay(_("X"), "brand-x", f"https://x.com/intent/post?{_query(text=text, url=url)}"),
            ShareWay(_("Telegram"), "brand-telegram", f"https://t.me/share/url?{_query(url=url, text=text)}"),
            # Its page for sharing an address takes no words, and the words say that there is a reward.
            ShareWay(
                _("LinkedIn"),
                "brand-linkedin",
                f"https://www.linkedin.com/feed/?{_query(shareActive='true', text=message)}",
            ),
        ],
        qr_svg=qr_svg(url),
    )


def share_text(program: Program, offer: OfferWords) -> str:
    """Return what the message says before the link. It always tells that its sender gets something."""
    invitation = _("I thought you might like %(program)s.", program=program.name)
    disclosure = _("This is my own link: I get a reward if you join through it.")
    return " ".join(part for part in (invitation, offer.told_friend, disclosure) if part)


def link_url(code: str) -> str:
    """Return a link as it is sent."""
    return absolute_url(f"/r/{code}")


def qr_svg(url: str) -> Markup:
    """Return a QR code as an SVG element: black on the white of its box, also in the dark."""
    svg = _code(url).svg_inline(border=0, omitsize=True, svgclass=None, lineclass=None, title=_("QR code of your link"))
    # segno makes the markup and escapes the title; nothing of it comes from a visitor.
    return Markup(svg)  # noqa: S704


def qr_file(url: str, kind: str) -> bytes:
    """Return a QR code to print: "svg" in any size, or "png", with the white edge that readers need."""
    file = io.BytesIO()
    _code(url).save(file, kind=kind, scale=PNG_SCALE, border=QUIET_ZONE, light="#fff")
    return file.getvalue()


@lru_cache(maxsize=500)
def _code(url: str) -> segno.QRCode:
    """Return the QR code of a link, drawn once as long as it is looked at."""
    return segno.make(url, error="m", micro=False)


def _query(**fields: str) -> str:
    # Mail programs show a plus sign where other readers see a space.
    return urlencode(fields, quote_via=quote)
