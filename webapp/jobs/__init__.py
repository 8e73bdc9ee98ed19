"""The background jobs as a table. One file a job; `runner` runs them, in exactly one process."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.jobs.answer_password_requests import answer_password_requests
from webapp.jobs.deliver_mail import deliver_mail
from webapp.jobs.forget_clicks import forget_old_clicks
from webapp.jobs.forget_details import forget_old_details
from webapp.jobs.forget_mails import forget_mails
from webapp.jobs.forget_sessions import forget_sessions
from webapp.jobs.mature_rewards import mature_due_rewards
from webapp.jobs.remind_of_cases import remind_of_cases
from webapp.jobs.rotate_address_salts import rotate_address_salts
from webapp.jobs.tell_news import tell_news
from webapp.jobs.verify_ledger import is_due, verify_ledger


@dataclass(frozen=True, slots=True)
class Job:
    """What to run and how long to wait after it ended. `run` commits for itself and answers how much it did.

    `at_the_end` has it run once more when the process is told to stop. One that works in rounds leaves what is too much
    for one to the next, and is done when it did nothing. One that takes long runs `beside` the others, which do not
    wait for it. What `is_due` says no to is asked again after `every`.
    """

    name: str
    run: Callable[[datetime], int]
    every: timedelta
    at_the_end: bool = False
    in_rounds: bool = False
    beside: bool = False
    is_due: Callable[[datetime], bool] | None = None


SCHEDULE = (
    # Before the mail leaves that it queues, also at the end.
    Job("answer-password-requests", answer_password_requests, timedelta(milliseconds=500), at_the_end=True),
    Job("deliver-mail", deliver_mail, timedelta(milliseconds=500), at_the_end=True),
    Job("mature-rewards", mature_due_rewards, timedelta(minutes=1)),
    Job("forget-sessions", forget_sessions, timedelta(hours=1)),
    Job("forget-clicks", forget_old_clicks, timedelta(minutes=10), in_rounds=True),
    Job("forget-details", forget_old_details, timedelta(hours=1), in_rounds=True),
    Job("forget-mails", forget_mails, timedelta(minutes=10), in_rounds=True),
    Job("remind-of-cases", remind_of_cases, timedelta(hours=1)),
    Job("tell-news", tell_news, timedelta(minutes=10), in_rounds=True),
    Job("rotate-address-salts", rotate_address_salts, timedelta(hours=1)),
    Job("verify-ledger", verify_ledger, timedelta(minutes=10), beside=True, is_due=is_due),
)
