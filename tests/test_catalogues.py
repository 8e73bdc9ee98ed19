"""Every catalogue of a language is complete and fits what it translates."""

import re

import pytest
from babel.messages.pofile import read_po

from tests.conventions.tree import name_of
from tests.views.test_translations import messages
from webapp.config import ROOT

CATALOGUES = sorted((ROOT / "webapp/translations").glob("*/LC_MESSAGES/messages.po"))
PLACE = re.compile(r"%\(\w+\)[sd]|%%")


def read(path):
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def forms_of(message):
    return message.string if isinstance(message.string, tuple) else (message.string,)


def test_there_is_a_second_language():
    assert [path.parts[-3] for path in CATALOGUES] == ["de"]


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_every_message_is_translated_and_none_is_left_over(path):
    known = {message.id: message for message in read(path) if message.id}
    wanted = {(single, plural) if plural else single for single, plural in messages()}
    assert sorted(map(str, wanted - known.keys())) == [], "make messages, then translate"
    assert sorted(map(str, known.keys() - wanted)) == [], "make messages takes these away"
    empty = [id_ for id_, message in known.items() if not all(forms_of(message)) or "fuzzy" in message.flags]
    assert empty == []


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_a_translation_has_the_places_of_what_it_translates(path):
    for message in read(path):
        if not message.id:
            continue
        # Of several forms the last one says it in full; "one day" needs no number, and one friend has a name.
        originals = message.id if isinstance(message.id, tuple | list) else (message.id,)
        *_others, last = forms_of(message)
        assert sorted(PLACE.findall(last)) == sorted(PLACE.findall(originals[-1])), originals
        for form in forms_of(message):
            assert set(PLACE.findall(form)) <= {place for one in originals for place in PLACE.findall(one)}, originals
