"""Jobs may be short trials of recommended pipelines, which teach no other task."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("job") as job:
        job.add_column(sa.Column("tryout", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("job") as job:
        job.alter_column("tryout", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("job") as job:
        job.drop_column("tryout")
