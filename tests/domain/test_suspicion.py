"""Why a reward is held because of whom it is for, and how near two addresses are."""

import pytest

from webapp.domain.mail_likeness import MailLikeness, mail_likeness
from webapp.domain.suspicion import REFUSED, Doubts


@pytest.mark.parametrize(
    ("doubts", "referrers", "friends"),
    [
        (Doubts(), None, None),
        (Doubts("clear"), None, None),
        (Doubts("hold"), "suspected", "suspected"),
        (Doubts("deny"), "friend_rejected", "friend_rejected"),
        # The friends of somebody who is banned may be false ones, and what they are given is held.
        (Doubts("clear", referrer_banned=True), "banned", "referrer_banned"),
        (Doubts(referrer_banned=True), "banned", "referrer_banned"),
        # A friend who is banned earns nothing, and is a friend all the same.
        (Doubts("clear", friend_banned=True), None, "banned"),
        (Doubts("deny", referrer_banned=True, friend_banned=True), "banned", "banned"),
        (Doubts("deny", referrer_banned=True), "banned", "friend_rejected"),
        (Doubts("hold", referrer_banned=True), "banned", "suspected"),
        (Doubts(referrer_erased=True), "person_erased", None),
        (Doubts("hold", referrer_banned=True, referrer_erased=True), "person_erased", "suspected"),
    ],
)
def test_each_side_is_held_for_what_is_held_against_it(doubts, referrers, friends):
    assert (doubts.about("referrer"), doubts.about("friend")) == (referrers, friends)


def test_only_what_a_person_decided_refuses():
    assert {"friend_rejected", "banned", "person_erased"} == REFUSED


@pytest.mark.parametrize(
    ("one", "other", "alike", "same_domain"),
    [
        ("ann@millers.example", "tom@millers.example", 0, True),
        ("ann@gmail.com", "ann@gmail.com", 100, False),
        ("annmiller@gmx.de", "annmiller2@gmail.com", 98, False),
        # Thousands are at one university, and at one company that sells mailboxes.
        ("ann@uni.ac.uk", "tom@uni.ac.uk", 0, False),
        ("ann@web.de", "tom@web.de", 0, False),
        ("ann@mail.millers.example", "tom@millers.example", 0, False),
    ],
)
def test_addresses_are_alike_before_the_at_or_at_the_domain_of_a_few(one, other, alike, same_domain):
    assert mail_likeness(one, other) == mail_likeness(other, one) == MailLikeness(alike, same_domain)
