"""What the tests of the walls share."""

import pytest

from tests.walls.house import House


@pytest.fixture
def house(app):
    return House(app)
