"""What stories of money have in common: whoever earns something that was rejected may appeal."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests import factories
from webapp.database import write_transaction
from webapp.services.appeals import AppealProblemError, appeal


class AppealingMachine(RuleBasedStateMachine):
    """A machine with `books`, `ids`, `reward_ids`, `rewards` and `now` in which somebody appeals now and then."""

    @precondition(lambda self: self.rewards("rejected"))
    @rule(which=st.integers(0, 99))
    def somebody_appeals(self, which):
        rewards = self.rewards("rejected")
        purchase, reward = rewards[which % len(rewards)]
        reward_id, user_id = self.reward_ids[purchase.name, reward.key, reward.bond], self.ids[reward.beneficiary]
        try:
            with write_transaction() as session:
                program_id = factories.program(session).id
                found = len(appeal(session, program_id, user_id, reward_id, "No, really", self.now))
        except AppealProblemError as error:
            found = error.problem
        assert found == self.books.appeals(reward)
