"""A mail server that behaves."""

import pytest
from aiosmtpd.controller import Controller

from tests.mail_servers import Inbox, free_port


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def smtp_url(inbox):
    server = Controller(inbox, hostname="127.0.0.1", port=free_port())
    server.start()
    yield f"smtp://127.0.0.1:{server.port}"
    server.stop()
