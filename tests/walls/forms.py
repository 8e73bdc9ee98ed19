"""The forms of a page, each with what a browser would send."""

from html.parser import HTMLParser
from typing import Any

# What a person cannot type into.
KEPT = {"hidden", "radio", "checkbox", "submit"}


class Forms(HTMLParser):
    """Reads a page; `found` holds action, method and fields of each form, the fields as name, kind and value."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []
        self._form: dict[str, Any] | None = None
        self._writing: tuple[str, str, str] | None = None
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name, kind = given.get("name", ""), given.get("type", "text") if tag == "input" else tag
        if tag == "form":
            self._form = {"action": given.get("action"), "method": given.get("method", "get").lower(), "fields": []}
            self.found.append(self._form)
        elif self._form is None or name == "csrf_token":
            return
        elif tag == "textarea":
            self._writing = (name, kind, "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            self._form["fields"].append((self._select, "select", given.get("value", "")))
        elif tag == "input" and name and (kind not in {"radio", "checkbox"} or "checked" in given):
            self._form["fields"].append((name, kind, given.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._writing:
            name, kind, written = self._writing
            self._writing = (name, kind, written + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._writing and self._form:
            self._form["fields"].append(self._writing)
            self._writing = None
        elif tag == "form":
            self._form = None


def forms_of(client: Any, paths: Any, *, tried: set[str]) -> Any:
    """Yield action and fields of each form that these pages send, but for those whose action was `tried` already."""
    for path in paths:
        for form in Forms(client.get(path).get_data(as_text=True)).found:
            action = form["action"] or path
            if form["method"] == "post" and action not in tried and action != "/logout":
                tried.add(action)
                yield action, form["fields"]
