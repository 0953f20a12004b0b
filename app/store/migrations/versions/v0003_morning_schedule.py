"""The morning schedule: ticks, snapshots, the work of the prefetch, and calls shared by the processes of a site."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "ticks",
        sa.Column("appointment_hash", sa.Text, nullable=False),
        sa.Column("patient_hash", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("undone_at", INSTANT),
        sa.PrimaryKeyConstraint("appointment_hash", "patient_hash", "item", name="pk_ticks"),
    )
    op.create_index("ix_ticks_patient_hash", "ticks", ["patient_hash"])
    op.create_table(
        "snapshots",
        sa.Column("scope_hash", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("scope_hash", name="pk_snapshots"),
    )
    op.create_table(
        "prefetch",
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("item_hash", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("taken_until", INSTANT),
        sa.Column("done_at", INSTANT),
        sa.Column("ends", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("run", "item_hash", name="pk_prefetch"),
    )
    op.create_table(
        "allowances",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("in_flight", sa.Integer, nullable=False),
        sa.Column("wanted", sa.Integer, nullable=False),
        sa.Column("used", sa.Integer, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("source", "process", name="pk_allowances"),
    )


def downgrade() -> None:
    for table in ("allowances", "prefetch", "snapshots", "ticks"):
        op.drop_table(table)
