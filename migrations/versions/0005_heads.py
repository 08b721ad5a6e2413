"""What a model's head is for; those registered before had one for whole texts, or none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("model") as model:
        model.add_column(
            sa.Column(
                "head", sa.String(40), nullable=False, server_default="SequenceClassification"
            )
        )
    op.execute("UPDATE model SET head = '' WHERE CAST(labels AS TEXT) = '[]'")
    with op.batch_alter_table("model") as model:
        model.alter_column("head", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("model") as model:
        model.drop_column("head")
