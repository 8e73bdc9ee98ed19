"""Why a mail did not leave, and an index by which news about rewards are found."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox_mails", sa.Column("unsent_because", sa.Text))
    news = sa.text("actor = 'person' OR status = 'approved'")
    op.create_index("ix_reward_events_news", "reward_events", ["at"], postgresql_where=news, sqlite_where=news)


def downgrade() -> None:
    op.drop_index("ix_reward_events_news", "reward_events")
    op.drop_column("outbox_mails", "unsent_because")
