"""Memories, held reports, restrictions, the health of sources, and code lists of the practice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "memories",
        sa.Column("patient_hash", sa.Text, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("launch_hash", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("patient_hash", "part", "launch_hash", name="pk_memories"),
    )
    op.create_table(
        "held_reports",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("payer", sa.Text, nullable=False),
        sa.Column("patient_hash", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("decided_at", INSTANT),
        sa.Column("decision", sa.LargeBinary),
        sa.Column("released_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_held_reports"),
    )
    op.create_index("ix_held_reports_patient_hash", "held_reports", ["patient_hash"])
    op.create_table(
        "restrictions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("payer", sa.Text, nullable=False),
        sa.Column("patient_hash", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("lifted_at", INSTANT),
        sa.Column("lifted", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_restrictions"),
    )
    op.create_index("ix_restrictions_patient_hash", "restrictions", ["patient_hash"])
    op.create_table(
        "source_health",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("source", "process", name="pk_source_health"),
    )
    op.create_table(
        "code_lists",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_code_lists"),
    )


def downgrade() -> None:
    for table in ("code_lists", "source_health", "restrictions", "held_reports", "memories"):
        op.drop_table(table)
