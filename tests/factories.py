"""People, links and clicks for tests, made by the services."""

import itertools
import re
import secrets
from datetime import UTC, datetime
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from webapp.models import Link, Program, Referral, User
from webapp.passwords import hash_password
from webapp.queries.links import first_link_of
from webapp.queries.programs import default_program
from webapp.services.clicks import Visit, record_click
from webapp.services.people import create_person
from webapp.services.signups import CameBy, sign_up

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PASSWORD = "a good long sentence"

_numbers = itertools.count(1)


def program(session: Session) -> Program:
    return default_program(session)


def person(
    session: Session,
    *,
    name: str = "Ada Okafor",
    email: str | None = None,
    role: str = "referrer",
    password: str | None = None,
    now: datetime = NOON,
) -> User:
    """An account with its link."""
    return create_person(
        session,
        program(session),
        name=name,
        email=email or f"person{next(_numbers)}@example.com",
        password_hash=hash_password(password) if password else None,
        role=role,
        verified=True,
        choose=secrets.choice,
        now=now,
    )


def join(
    session: Session,
    came_by: CameBy,
    *,
    name: str = "Bob Miller",
    email: str = "bob@example.org",
    now: datetime = NOON,
) -> tuple[User, Referral | None]:
    """Someone signs up, and who is credited for it."""
    signed_up = sign_up(
        session,
        program(session),
        name=name,
        email=email,
        password_hash=None,
        came_by=came_by,
        choose=secrets.choice,
        now=now,
    )
    return signed_up.user, signed_up.referral


def link_of(session: Session, user: User) -> Link:
    return first_link_of(session, user.id)


def click(session: Session, link: Link, *, visitor_id: UUID, now: datetime = NOON, visit: Visit | None = None) -> UUID:
    return record_click(session, program(session), link, visitor_id=visitor_id, visit=visit or Visit(), now=now)


def csrf_token(page: str) -> str:
    """Return the token of the first form on a page."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, "the page has no form with a token"
    return found.group(1)


def submit(client: FlaskClient, url: str, data: dict[str, str], *, page: str | None = None) -> TestResponse:
    """Open the page that holds a form (`page`, else `url`) and send the form to `url`, as a browser would."""
    token = csrf_token(client.get(page or url).get_data(as_text=True))
    return client.post(url, data={"csrf_token": token, **data})


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD) -> TestResponse:
    response = submit(client, "/login", {"email": email, "password": password})
    assert response.status_code == 303, response.get_data(as_text=True)
    return response


def other_program(session: Session) -> Program:
    """The program of another business on the same site."""
    other = Program(
        slug="other",
        name="Other",
        currency="USD",
        time_zone="UTC",
        landing_url="/signup",
        attribution_model="last",
        window_days=60,
        hold_days=30,
        created_at=NOON,
    )
    session.add(other)
    session.flush()
    return other
