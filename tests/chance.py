"""What tests leave to chance.

`make test` judges a change, so it draws the same each time: what fails, fails because of
the change. `make soak` searches, and draws anew; what it draws is shown where a test fails.
"""

import os
import secrets

SEARCHING = os.environ.get("GRAPEVINE_SEARCH") == "1"


def model_seed() -> int:
    """Return what the stories of a model begin with: GRAPEVINE_MODEL_SEED, or one of `make test`, or a new one."""
    chosen = int(os.environ.get("GRAPEVINE_MODEL_SEED", secrets.randbits(32) if SEARCHING else 2_785_150_101))
    print(f"GRAPEVINE_MODEL_SEED={chosen}")  # noqa: T201 - shown when the test fails
    return chosen
