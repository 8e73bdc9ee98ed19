"""What people settle about themselves."""

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from sqlalchemy import select

from tests import factories
from tests.conftest import browser
from tests.factories import PASSWORD, sign_in, submit
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import User

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PATH = "/settings/profile"
FIELDS = {"name": "Ada Okafor", "language": "", "theme": ""}


@pytest.fixture
def german(tmp_path):
    """A catalogue with one German word in it."""
    target = tmp_path / "translations" / "de" / "LC_MESSAGES" / "messages.mo"
    target.parent.mkdir(parents=True)
    catalog = Catalog(locale="de")
    catalog.add("Your settings", "Deine Einstellungen")
    with target.open("wb") as file:
        write_mo(file, catalog)
    return str(tmp_path / "translations")


@pytest.fixture
def app(make_app, german):
    return make_app(settings={"BABEL_TRANSLATION_DIRECTORIES": german})


@pytest.fixture
def ada(app):
    with app.app_context(), write_transaction() as session:
        factories.person(session, email="ada@example.com", password=PASSWORD)
    client = browser(app)
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en-GB, de-AT;q=0.8, en;q=0.5"
    sign_in(client, "ada@example.com")
    return client


def page_of(client, path=PATH):
    return client.get(path).get_data(as_text=True)


def test_a_new_name_counts_everywhere(app, ada):
    assert 'value="Ada Okafor"' in page_of(ada)
    response = submit(ada, PATH, FIELDS | {"name": "  Adaeze   Okafor "})
    assert (response.status_code, response.location) == (303, PATH)
    page = page_of(ada)
    assert "Your settings are saved." in page
    assert "Adaeze" in page_of(ada, "/dashboard")
    with app.app_context():
        assert db.session.scalars(select(User.name)).one() == "Adaeze Okafor"


@pytest.mark.parametrize("name", ["", "ada@example.com", "x" * 81, "www.example.com"])
def test_a_name_that_friends_may_not_see_is_refused_at_its_field(app, ada, name):
    response = submit(ada, PATH, FIELDS | {"name": name, "language": "de"})
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert 'id="name-error"' in page
    assert f'value="{name}"' in page
    with app.app_context():
        assert db.session.execute(select(User.name, User.language)).one() == ("Ada Okafor", None)


def test_a_chosen_language_keeps_the_region_that_the_browser_names(ada):
    assert '<html lang="en-GB"' in page_of(ada)
    assert '<option selected value="">As my browser says</option>' in page_of(ada)
    submit(ada, PATH, FIELDS | {"language": "de"})
    page = page_of(ada)
    assert '<html lang="de-AT"' in page
    assert "Deine Einstellungen" in page
    assert '<html lang="de-AT"' in page_of(ada, "/dashboard")
    submit(ada, PATH, FIELDS | {"language": "en"})
    assert '<html lang="en-GB"' in page_of(ada)
    submit(ada, PATH, FIELDS | {"language": ""})
    assert '<html lang="en-GB"' in page_of(ada)


def test_a_language_that_nobody_translated_is_refused(ada):
    assert submit(ada, PATH, FIELDS | {"language": "fr"}).status_code == 422


def test_after_signing_out_the_browser_decides_again(ada):
    submit(ada, PATH, FIELDS | {"language": "de"})
    submit(ada, "/logout", {}, page=PATH)
    assert '<html lang="en-GB"' in page_of(ada, "/login")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_light_or_dark_is_kept_in_this_browser_and_the_system_decides_again(ada, theme):
    submit(ada, PATH, FIELDS | {"theme": theme})
    assert ada.get_cookie("theme").value == theme
    page = page_of(ada)
    assert f'data-bs-theme="{theme}"' in page
    assert f'checked id="theme-{1 + ["light", "dark"].index(theme)}"' in page
    submit(ada, PATH, FIELDS)
    assert ada.get_cookie("theme") is None
    assert "data-bs-theme" not in page_of(ada)


@pytest.mark.parametrize("role", ["marketer", "admin"])
def test_staff_find_their_settings_in_their_own_frame(app, role):
    with app.app_context(), write_transaction() as session:
        factories.person(session, name="Jo Winter", email="jo@example.com", role=role, password=PASSWORD)
    client = browser(app)
    sign_in(client, "jo@example.com")
    assert f'href="{PATH}"' in page_of(client, "/analytics")
    page = page_of(client)
    assert 'class="side"' in page
    assert 'href="/analytics"' in page
