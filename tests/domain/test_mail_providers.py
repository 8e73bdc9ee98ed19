"""Which domains of e-mail addresses strangers share."""

import pytest

from webapp.domain.mail_providers import strangers_share
from webapp.domain.mailbox import mailbox_key


@pytest.mark.parametrize(
    "address",
    [
        *("bob@gmail.com", "bob@googlemail.com", "bob@yahoo.com.mx", "bob@proton.me", "shop@bob.fastmail.com"),
        *("bob@hotmail.co.uk", "bob@outlook.com", "bob@Outlook.com.br", "bob@live.nl", "bob@msn.com", "bob@aol.de"),
        *("bob@gmx.de", "bob@web.de", "bob@t-online.de", "bob@mail.ru", "bob@qq.com", "bob@orange.fr", "bob@wp.pl"),
        *("bob@uni.edu", "bob@students.uni.edu", "bob@uni.ac.uk", "bob@uni.edu.au", "bob@privaterelay.appleid.com"),
    ],
)
def test_strangers_share_a_provider_and_a_campus(address):
    assert strangers_share(mailbox_key(address).rpartition("@")[2])


@pytest.mark.parametrize(
    "domain",
    [
        *("example.org", "millers.example", "gmail.example", "notgmail.com", "mail.gmail.com", "live.example"),
        *("hotmail.com.evil.example", "education", "education.org", "uni.edu.example", "mac.uk", ""),
    ],
)
def test_a_firm_or_a_family_is_no_provider_however_its_domain_begins_or_ends(domain):
    assert not strangers_share(domain)
