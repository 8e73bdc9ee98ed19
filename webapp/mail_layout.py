"""The HTML twin of a mail: the very words of its text, with links that can be followed, and a button for the main one.

Mail programs know no style sheets of ours, so each element carries its style. Nothing is loaded from anywhere.
"""

import re

from markupsafe import Markup, escape

# Stands before what a mail says about itself, as mail programs know it (RFC 3676).
FOOT = "-- "

_INK, _QUIET, _GRAPE, _PAPER, _LINE = "#231c2b", "#5e5768", "#6a3da8", "#f8f6f3", "#e7e1da"
# In an attribute: no double quotes.
_FONT = "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_PARAGRAPH = "margin:0 0 16px;overflow-wrap:anywhere"
_PAGE = Markup(
    """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light">
<title>{subject}</title>
</head>
<body style="{page}">
<div style="max-width:560px;margin:0 auto">
<p style="{head}">{program}</p>
<div style="{card}">
{body}
</div>
{foot}
</div>
</body>
</html>
"""
)
_STYLES = {
    "page": f"margin:0;padding:24px 12px;background:{_PAPER};color:{_INK};font:16px/1.55 {_FONT}",
    "head": f"margin:0 0 12px;padding:0 4px;font-weight:600;color:{_GRAPE}",
    "card": f"margin:0 0 16px;padding:24px 24px 8px;background:#ffffff;border:1px solid {_LINE};border-radius:14px",
}
_FOOT_STYLE = f"{_PARAGRAPH};padding:0 4px;font-size:13px;color:{_QUIET}"
# An address that stands by itself: something to tap, and the same to read and to copy.
_BUTTON = Markup('<p style="{}"><a href="{}" style="{}">{}</a></p>\n<p style="{}">{}</p>')
_BUTTON_STYLE = (
    f"display:inline-block;padding:12px 20px;border-radius:10px;background:{_GRAPE};color:#ffffff;font-weight:600;"
    "text-decoration:none"
)
_ADDRESS_STYLE = f"{_PARAGRAPH};font-size:13px;color:{_QUIET}"


def twin(text: str, *, subject: str, program: str, language: str, base_url: str, button: str) -> str:
    """Return a text as a page. Only addresses below `base_url` become links; everything else stays what was written.

    `button` stands on what leads to the first address that is a paragraph of its own.
    """
    body, _line, foot = text.strip().partition(f"\n{FOOT}\n")
    link, paragraphs = _link_pattern(base_url), _paragraphs(body)
    main = next((number for number, one in enumerate(paragraphs) if link.fullmatch(one)), None)
    blocks = [_block(one, link, button if number == main else "") for number, one in enumerate(paragraphs)]
    return str(
        _PAGE.format(
            language=language,
            subject=subject,
            program=program,
            body=Markup("\n").join(blocks),
            foot=Markup("\n").join(_paragraph(one, link, _FOOT_STYLE) for one in _paragraphs(foot)),
            **_STYLES,
        )
    )


def _paragraphs(text: str) -> list[str]:
    return [one.strip() for one in re.split(r"\n[ \t]*\n", text) if one.strip()]


def _block(paragraph: str, link: re.Pattern[str], button: str) -> Markup:
    if button:
        return _BUTTON.format(_PARAGRAPH, paragraph, _BUTTON_STYLE, button, _ADDRESS_STYLE, paragraph)
    lines = paragraph.split("\n")
    if all(line.startswith("- ") for line in lines):
        items = Markup("\n").join(
            Markup('<li style="margin:0 0 4px">{}</li>').format(_linked(line[2:], link)) for line in lines
        )
        return Markup('<ul style="{}">\n{}\n</ul>').format(f"{_PARAGRAPH};padding-left:20px", items)
    return _paragraph(paragraph, link, _PARAGRAPH)


def _paragraph(paragraph: str, link: re.Pattern[str], style: str) -> Markup:
    lines = Markup("<br>\n").join(_linked(line, link) for line in paragraph.split("\n"))
    return Markup('<p style="{}">{}</p>').format(style, lines)


def _linked(line: str, link: re.Pattern[str]) -> Markup:
    parts, end = [], 0
    for found in link.finditer(line):
        address = found.group()
        parts += [
            escape(line[end : found.start()]),
            Markup('<a href="{}" style="{}">{}</a>').format(address, f"color:{_GRAPE}", address),
        ]
        end = found.end()
    return Markup("").join([*parts, escape(line[end:])])


def _link_pattern(base_url: str) -> re.Pattern[str]:
    """Return what finds addresses of this site, and not those of hosts whose name only begins like it."""
    return re.compile(rf"(?<![\w/.:@]){re.escape(base_url)}(?:[/?#]\S*[\w/=&#-]|/?(?![\w:@-]|\.\w))")
