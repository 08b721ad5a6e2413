"""Single trials are stopped; they keep whom their student takes for whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("trial") as trial:
        trial.add_column(sa.Column("stop_asked_at", sa.DateTime(timezone=True), nullable=True))
        trial.add_column(sa.Column("confusion", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("trial") as trial:
        trial.drop_column("confusion")
        trial.drop_column("stop_asked_at")
