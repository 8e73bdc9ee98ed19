"""Stories that a state machine tells, as many as there are steps to take, from a seed of their own."""

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.chance import model_seed
from webapp.database import close_connections
from webapp.extensions import db


def tell_stories(
    machine: Callable[[Callable[[], None], Counter[str]], RuleBasedStateMachine],
    databases: Any,
    database_url: str,
    tmp_path: Any,
    *,
    steps: int,
    of_a_story: int,
) -> int:
    """Take about `steps` steps, or GRAPEVINE_MODEL_STEPS, each story on an empty database. Returns how many it took."""
    wanted = int(os.environ.get("GRAPEVINE_MODEL_STEPS", steps))
    chosen = model_seed()
    taken: Counter[str] = Counter()

    def empty() -> None:
        db.session.remove()
        close_connections()
        databases.drop(database_url)
        assert databases.clone(tmp_path) == database_url

    run_state_machine_as_test(
        seed(chosen)(lambda: machine(empty, taken)),
        settings=settings(
            max_examples=-(-wanted // of_a_story),
            stateful_step_count=of_a_story,
            deadline=None,
            print_blob=True,
            phases=[Phase.reuse, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    return taken["done"]
