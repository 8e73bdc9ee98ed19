"""What was answered once is answered for good."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests import factories, money
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import ApiAnswer
from webapp.services.answers import OtherContentError, Question, find_answer, keep_answer

pytestmark = pytest.mark.usefixtures("in_app")

QUESTION = Question("conversion", "evt_1", "hash of the content")
BODY = '{"b": 1,  "a": "Zoë \\u00e9 ☂"}\n'


def ask(question=QUESTION):
    with write_transaction() as session:
        return find_answer(session, factories.program(session).id, question)


def answer(body=BODY, question=QUESTION):
    with write_transaction() as session:
        keep_answer(session, factories.program(session).id, question, body, NOON)


def test_the_first_time_there_is_no_answer():
    assert ask() is None


def test_the_first_answer_is_given_again_byte_for_byte():
    answer()
    assert [ask(), ask()] == [BODY, BODY]
    kept = db.session.scalars(select(ApiAnswer)).one()
    assert (kept.operation, kept.subject, kept.created_at) == ("conversion", "evt_1", NOON)


def test_the_same_id_with_other_content_is_refused():
    answer()
    with pytest.raises(OtherContentError):
        ask(Question("conversion", "evt_1", "hash of something else"))
    assert ask() == BODY


@pytest.mark.parametrize(
    "other",
    [
        Question("refund", "evt_1", "hash of the content"),
        Question("signup", "evt_1", "hash of the content"),
        Question("conversion", "EVT_1", "hash of the content"),
        Question("conversion", "evt_1 ", "hash of the content"),
        Question("conversion", "", "hash of the content"),
    ],
    ids=str,
)
def test_another_question_has_an_answer_of_its_own(other):
    answer()
    assert ask(other) is None
    answer("another", other)
    assert (ask(), ask(other)) == (BODY, "another")


def test_another_program_has_answers_of_its_own():
    answer()
    with write_transaction() as session:
        assert find_answer(session, money.another_program(session).id, QUESTION) is None


def test_an_answer_goes_when_what_it_tells_of_is_taken_back():
    def answer_and_break():
        with write_transaction() as session:
            keep_answer(session, factories.program(session).id, QUESTION, BODY, NOON)
            raise KeyError

    with pytest.raises(KeyError):
        answer_and_break()
    assert ask() is None


def test_nothing_is_answered_twice():
    answer()
    with pytest.raises(IntegrityError):
        answer("another")
    assert ask() == BODY
