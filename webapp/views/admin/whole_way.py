"""Going the whole way from click to refund through this very application, as a business's own site goes it.

Every hop is a request of its own: host check, key, JSON, services and ledger
are really passed. It knows nothing of the request that asks for it.
"""

from contextvars import Context
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from werkzeug.test import Client, TestResponse

from webapp.domain.mailbox import SANDBOX_DOMAIN
from webapp.domain.money import Money
from webapp.ids import new_id

HOPS = ("click", "signup", "purchase", "refund")
PURCHASE = Money(5000, "USD")
# What no list of robots knows.
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LONGEST_ANSWER = 300

Missing = Literal["", "status", "click_id", "referral", "reward", "reversal"]


@dataclass(frozen=True, slots=True)
class Hop:
    """One request and what came of it. `missing` is what its answer lacks: nothing for one that went well.

    `status` is None for a hop that was not tried, because the one before it failed; `amount` is what was granted or
    taken back.
    """

    name: str
    request: str
    status: int | None = None
    missing: Missing = ""
    answer: str = ""
    amount: Money | None = None

    @property
    def went_well(self) -> bool:
        return self.status is not None and not self.missing


def go_whole_way(app: Flask, *, code: str, secret: str) -> list[Hop]:
    """Open a link, report a signup, a purchase and a refund, and return each hop. No transaction may be open."""
    walk = _Walk(app, secret, code)
    hops: list[Hop] = []
    for name, take in zip(HOPS, (walk.click, walk.signup, walk.purchase, walk.refund), strict=True):
        if hops and not hops[-1].went_well:
            hops.append(Hop(name, ""))
        else:
            hops.append(take())
    return hops


class _Walk:
    def __init__(self, app: Flask, secret: str, code: str) -> None:
        self.app, self.secret, self.code = app, secret, code
        self.click_id = ""
        # Names that nobody else gives.
        self.name = f"sandbox-{new_id().hex}"

    def click(self) -> Hop:
        path = f"/r/{self.code}"
        response = self._send("GET", path, headers={"User-Agent": BROWSER})
        (self.click_id,) = parse_qs(urlsplit(response.location or "").query).get("gv", [""])
        return self._hop("click", f"GET {path}", response, (302,), "" if self.click_id else "click_id")

    def signup(self) -> Hop:
        body = {
            "external_id": self.name,
            "email": f"{self.name}@{SANDBOX_DOMAIN}",
            "name": "Sandbox",
            "click_id": self.click_id,
        }
        response = self._post("/signups", body)
        return self._hop(
            "signup", "POST /api/v1/signups", response, (201,), "" if _in(response, "referral") else "referral"
        )

    def purchase(self) -> Hop:
        body = {
            "event_id": f"{self.name}-purchase",
            "type": "purchase",
            "user": {"external_id": self.name},
            "amount": PURCHASE.minor,
            "currency": PURCHASE.currency,
            "order_id": self.name,
        }
        response = self._post("/conversions", body)
        rewards = _in(response, "rewards") or []
        missing: Missing = "" if rewards else "reward"
        return self._hop("purchase", "POST /api/v1/conversions", response, (201,), missing, rewards)

    def refund(self) -> Hop:
        response = self._post("/refunds", {"event_id": f"{self.name}-refund", "order_id": self.name})
        reversals = _in(response, "reversals") or []
        missing: Missing = "" if reversals else "reversal"
        return self._hop("refund", "POST /api/v1/refunds", response, (201,), missing, reversals)

    def _hop(
        self,
        name: str,
        request: str,
        response: TestResponse,
        good: tuple[int, ...],
        missing: Missing,
        moved: Any = (),
    ) -> Hop:
        if response.status_code not in good:
            missing = "status"
        sums = [Money(one["amount"], one["currency"]) for one in moved]
        return Hop(name, request, response.status_code, missing, _told(response), sums[0] if sums else None)

    def _post(self, path: str, body: dict[str, object]) -> TestResponse:
        return self._send("POST", f"/api/v1{path}", headers={"Authorization": f"Bearer {self.secret}"}, json=body)

    def _send(self, method: str, path: str, **sent: Any) -> TestResponse:
        client = Client(self.app.wsgi_app, use_cookies=False)
        sent["environ_overrides"] = {"REMOTE_ADDR": "127.0.0.1"}
        # In a context of its own: else it would share the person, the program and the session of the request outside.
        return Context().run(
            client.open, path, method=method, base_url=self.app.config["BASE_URL"], buffered=True, **sent
        )


def _in(response: TestResponse, field: str) -> Any:
    answer = response.get_json(silent=True)
    return answer.get(field) if isinstance(answer, dict) else None


def _told(response: TestResponse) -> str:
    """Return what an answer of the API says of itself, in its own words."""
    told = [_in(response, "detail")] + [one.get("text") for one in _in(response, "explanation") or ()]
    return " ".join(one for one in told if one)[:LONGEST_ANSWER]
