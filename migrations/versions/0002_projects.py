"""Jobs belong to projects."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("job") as job:
        column = sa.Column("project", sa.Text(), nullable=False, server_default="default")
        job.add_column(column)
        job.create_index(op.f("ix_job_project_position"), ["project", "position"])
    with op.batch_alter_table("job") as job:
        job.alter_column("project", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("job") as job:
        job.drop_index(op.f("ix_job_project_position"))
        job.drop_column("project")
