"""What the API takes: strict models, which also make the specification."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from webapp.clock import utc_now
from webapp.domain.facts import CONVERSION_TYPE
from webapp.domain.mailbox import is_sandbox_address
from webapp.domain.money import EXPONENTS, LARGEST, Money
from webapp.domain.names import tidy_name
from webapp.forms.addresses import LONGEST as LONGEST_ADDRESS
from webapp.forms.addresses import read_address

LONGEST_ID = 200
LONGEST_NAME = 80
LONGEST_NOTE = 1_000
LONGEST_AGENT = 1_000
MOST_DETAILS = 50
LONGEST_DETAIL = 500
LARGEST_NUMBER = 2**53 - 1
AHEAD = timedelta(minutes=5)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

_NO_NUL = r"^[^\x00]*$"
_NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]+$"
# Ids stand in addresses of this API, between slashes; the second form also says what `_id` refuses.
_ID = r"^[^\x00-\x1f\x7f-\x9f/]+$"
_ID_IN_WORDS = r"^(?!\.{1,2}$)[^\x00-\x20\x7f-\x9f/]([^\x00-\x1f\x7f-\x9f/]*[^\x00-\x20\x7f-\x9f/])?$"
_SOME_LETTER = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"


def _storable(text: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must be text that can be written as UTF-8")
    return text


def _id(text: str) -> str:
    if text in {".", ".."} or text != text.strip(" "):
        raise ValueError("must not be . or .. and must not begin or end with a space")
    return _storable(text)


def _email(text: str) -> str:
    if is_sandbox_address(text):
        return text
    try:
        return read_address(text)
    except ValueError as error:
        raise ValueError(f"must be an address that can exist. {str(error).rstrip('.')}") from None


def _name(text: str) -> str:
    return tidy_name(_storable(text)) or _refuse("must hold more than spaces")


def _refuse(problem: str) -> Any:
    raise ValueError(problem)


def _moment(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("must be a moment as text, ISO 8601 with its offset, as in 2026-05-03T12:00:00Z")
    try:
        # Python stops reading at a NUL.
        moment = datetime.fromisoformat(value) if value.isprintable() else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or "T" not in value.upper():
        raise ValueError("must be ISO 8601 with its offset, as in 2026-05-03T12:00:00Z")
    if moment < EARLIEST:
        raise ValueError("must not be before the year 2000")
    if moment > utc_now() + AHEAD:
        raise ValueError("must not be more than 5 minutes ahead of our clock")
    return moment.astimezone(UTC)


def _uuid(value: object) -> UUID:
    try:
        return UUID(value) if isinstance(value, str) and len(value) == 36 else _refuse("")
    except ValueError:
        raise ValueError("must be an id that this API gave") from None


def _currency(text: str) -> str:
    return text if text in EXPONENTS else _refuse("must be three capital letters of a legal tender of today, as in USD")


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError("must be an IPv4 or IPv6 address") from None


def _detail(value: object) -> object:
    if isinstance(value, str):
        return (
            _storable(value)
            if len(value) <= LONGEST_DETAIL
            else _refuse(f"must have at most {LONGEST_DETAIL} characters")
        )
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return value if abs(value) <= LARGEST_NUMBER else _refuse("must be a smaller number")
    raise ValueError("must be text, a number, true, false or null")


Id = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_ID, pattern=_ID, json_schema_extra={"pattern": _ID_IN_WORDS}),
    AfterValidator(_id),
]
Note = Annotated[str, Field(min_length=1, max_length=LONGEST_NOTE, pattern=_NO_NUL), AfterValidator(_storable)]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_ID, pattern=_NO_CONTROLS), AfterValidator(_storable)]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, pattern=_SOME_LETTER), AfterValidator(_name)]
Email = Annotated[str, Field(max_length=LONGEST_ADDRESS, json_schema_extra={"format": "email"}), AfterValidator(_email)]
Agent = Annotated[str, Field(max_length=LONGEST_AGENT), AfterValidator(_storable)]
Amount = Annotated[int, Field(ge=0, le=LARGEST, description="In minor units of the currency.")]
Worth = Annotated[int, Field(ge=1, le=LARGEST, description="In minor units of the currency.")]
Currency = Annotated[str, WithJsonSchema({"type": "string", "enum": sorted(EXPONENTS)}), AfterValidator(_currency)]
Type = Annotated[str, Field(pattern=f"^{CONVERSION_TYPE}$")]
Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"}), Field(strict=False)
]
GivenId = Annotated[UUID, BeforeValidator(_uuid), WithJsonSchema({"type": "string", "format": "uuid"})]
IpAddress = Annotated[
    str,
    AfterValidator(_address),
    WithJsonSchema({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}),
]
Detail = Annotated[Any, BeforeValidator(_detail)]
Details = Annotated[
    dict[Text, Detail],
    Field(max_length=MOST_DETAILS),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": MOST_DETAILS,
            "propertyNames": {"minLength": 1, "maxLength": LONGEST_ID, "pattern": _NO_CONTROLS},
            "additionalProperties": {
                "type": ["string", "number", "boolean", "null"],
                "maxLength": LONGEST_DETAIL,
                "minimum": -LARGEST_NUMBER,
                "maximum": LARGEST_NUMBER,
            },
        }
    ),
]


def _exactly_one(*names: str) -> dict[str, Any]:
    """Return what a schema says of fields of which one has to be there; null is the same as absent."""
    absent = {name: {"type": "null"} for name in names}
    alternatives = [{"required": [name], "properties": absent | {name: {"not": {"type": "null"}}}} for name in names]
    return {"oneOf": alternatives}


class Body(BaseModel):
    """A request. Numbers are numbers and text is text; what is not known is refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    # Fields that came after the first answers were stored.
    added_later: ClassVar[tuple[str, ...]] = ()

    def content_hash(self) -> str:
        """Tell these fields, as they were understood, from others. What is absent and what is null is the same."""
        fields = self.model_dump(mode="json")
        # Or what was sent before there was such a field would be other content today.
        for name in self.added_later:
            if fields[name] is None:
                del fields[name]
        return sha256(json.dumps(fields, sort_keys=True).encode("ascii")).hexdigest()


class SignupBody(Body):
    """A person signed up at the business's own site."""

    added_later = ("coupon_code",)

    external_id: Id = Field(description="What you call this person.")
    email: Email
    name: Name
    referral_code: Text | None = Field(
        None, description="The code of whoever brought them. One that is not the click’s was typed."
    )
    coupon_code: Text | None = Field(None, description="A coupon of a referrer, as typed in your checkout.")
    click_id: Text | None = Field(None, description="`gv` of the address that the visitor arrived with.")
    ip: IpAddress | None = Field(None, description="Of the person, not of your server.")
    user_agent: Agent | None = None
    occurred_at: Moment | None = Field(None, description="When it happened; without it, now.")


class PersonBody(Body):
    """A person, by exactly one of these."""

    model_config = ConfigDict(json_schema_extra=_exactly_one("external_id", "email", "id"))

    external_id: Id | None = None
    email: Email | None = None
    id: GivenId | None = None

    @model_validator(mode="after")
    def _one(self) -> "PersonBody":
        if sum(value is not None for value in (self.external_id, self.email, self.id)) != 1:
            raise ValueError("must hold exactly one of external_id, email and id")
        return self


class ConversionBody(Body):
    """Something worth a reward happened."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"amount": {"type": "null"}, "currency": {"type": "null"}}},
                {
                    "required": ["amount", "currency"],
                    "properties": {"amount": {"type": "integer"}, "currency": {"type": "string"}},
                },
            ]
        }
    )

    event_id: Id = Field(description="Yours; the same event sent again is counted once.")
    type: Type = Field(description="signup, purchase, renewal or a type of your own.")
    user: PersonBody
    amount: Amount | None = None
    currency: Currency | None = None
    order_id: Id | None = Field(None, description="An order is rewarded once for each type.")
    metadata: Details | None = Field(None, description="What else your rules may look at.")
    occurred_at: Moment | None = Field(None, description="When it happened; without it, now.")

    @model_validator(mode="after")
    def _money(self) -> "ConversionBody":
        if (self.amount is None) != (self.currency is None):
            raise ValueError("amount and currency go together: give both or neither")
        return self

    @property
    def money(self) -> Money | None:
        return None if self.amount is None or self.currency is None else Money(self.amount, self.currency)


class RefundBody(Body):
    """Money went back to the friend."""

    model_config = ConfigDict(json_schema_extra=_exactly_one("order_id", "conversion_event_id"))

    event_id: Id = Field(description="Yours; the same refund sent again is counted once.")
    order_id: Id | None = None
    conversion_event_id: Id | None = None
    amount: Amount | None = Field(None, description="In minor units; without it, all that is left.")
    occurred_at: Moment | None = Field(None, description="When it happened; without it, now.")

    @model_validator(mode="after")
    def _one(self) -> "RefundBody":
        if (self.order_id is None) == (self.conversion_event_id is None):
            raise ValueError("must hold exactly one of order_id and conversion_event_id")
        return self


class DisputeBody(RefundBody):
    """The friend's bank took the money back."""

    event_id: Id = Field(description="Yours; the same dispute sent again is counted once.")
    amount: Amount | None = Field(None, description="In minor units; without it, all of the purchase.")


class OutcomeBody(Body):
    """How a dispute ended."""

    event_id: Id = Field(description="Yours, of this outcome; sent again it is counted once.")
    outcome: Literal["won", "lost"] = Field(description="Won: the money is back.")
    occurred_at: Moment | None = Field(None, description="When it happened; without it, now.")


class RedemptionBody(Body):
    """Somebody spent store credit."""

    event_id: Id = Field(description="Yours; the same redemption sent again is counted once.")
    amount: Worth
    currency: Currency
    occurred_at: Moment | None = Field(None, description="When it happened; without it, now.")


class FulfilmentBody(Body):
    """A reward that is something else than money was handed over."""

    event_id: Id | None = Field(None, description="Yours, if you have one.")
    note: Note | None = Field(None, description="For your own staff.")
