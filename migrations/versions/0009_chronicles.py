"""Files of past tasks that were imported."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chronicle",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("num_tasks", sa.Integer(), nullable=False),
        sa.Column("num_trials", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chronicle"),
        sa.UniqueConstraint("name", name="uq_chronicle_name"),
    )
    op.create_table(
        "chronicle_content",
        sa.Column("chronicle_id", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("chronicle_id", name="pk_chronicle_content"),
        sa.ForeignKeyConstraint(
            ["chronicle_id"],
            ["chronicle.id"],
            name="fk_chronicle_content_chronicle_id_chronicle",
        ),
    )


def downgrade() -> None:
    op.drop_table("chronicle_content")
    op.drop_table("chronicle")
