"""Attention heads of models; 0 where a model was registered before they were read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("model") as model:
        model.add_column(sa.Column("num_heads", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("model") as model:
        model.alter_column("num_heads", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("model") as model:
        model.drop_column("num_heads")
