"""Jobs may run elsewhere; whoever trains one of their trials holds it under a lease."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("job") as job:
        job.add_column(sa.Column("runs", sa.String(20), nullable=False, server_default="here"))
    with op.batch_alter_table("job") as job:
        job.alter_column("runs", server_default=None)
    with op.batch_alter_table("trial") as trial:
        trial.add_column(sa.Column("lease_s", sa.Float(), nullable=True))
        trial.add_column(sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("trial") as trial:
        trial.drop_column("lease_until")
        trial.drop_column("lease_s")
    with op.batch_alter_table("job") as job:
        job.drop_column("runs")
