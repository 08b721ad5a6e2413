"""Jobs and projects share slots by weights; a budget can be extended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "project",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_project")),
    )
    with op.batch_alter_table("job") as job:
        job.add_column(sa.Column("priority", sa.Integer(), nullable=False, server_default="10"))
        job.add_column(sa.Column("slots", sa.Integer(), nullable=False, server_default="0"))
        job.add_column(sa.Column("round_start", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("job") as job:
        job.alter_column("priority", server_default=None)
        job.alter_column("slots", server_default=None)
        job.alter_column("round_start", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("job") as job:
        job.drop_column("round_start")
        job.drop_column("slots")
        job.drop_column("priority")
    op.drop_table("project")
