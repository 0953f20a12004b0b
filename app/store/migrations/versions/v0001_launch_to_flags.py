"""Launches, answers, payer tokens and the audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "launch_records",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key_hash", sa.Text, nullable=False),
        sa.Column("key_sealed", sa.LargeBinary, nullable=False),
        sa.Column("group_hash", sa.Text),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("expires", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "key_hash", name="pk_launch_records"),
    )
    op.create_index("ix_launch_records_kind_group_hash", "launch_records", ["kind", "group_hash"])
    op.create_index("ix_launch_records_expires", "launch_records", ["expires"])
    op.create_table(
        "answers",
        sa.Column("question_hash", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("scope_hash", sa.Text, nullable=False),
        sa.Column("patient_hash", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("asking_until", INSTANT),
        sa.Column("asked_by", sa.Text),
        sa.Column("fresh_until", INSTANT),
        sa.Column("reason", sa.Text),
        sa.Column("failure", sa.LargeBinary),
        sa.Column("good", sa.LargeBinary),
        sa.Column("good_at", INSTANT),
        sa.PrimaryKeyConstraint("question_hash", name="pk_answers"),
    )
    op.create_index("ix_answers_scope_hash", "answers", ["scope_hash"])
    op.create_table(
        "payer_tokens",
        sa.Column("key_hash", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("expires", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_payer_tokens"),
    )
    _audit()


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("chain", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("patient_hash", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("prev_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("chain", "seq", name="pk_audit"),
    )
    op.create_index("ix_audit_patient_hash", "audit", ["patient_hash"])
    op.create_table(
        "audit_heads",
        sa.Column("chain", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("sealed_seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("chain", name="pk_audit_heads"),
    )
    op.create_table(
        "audit_seals",
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("heads", sa.Text, nullable=False),
        sa.Column("prev_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_seals"),
    )


def downgrade() -> None:
    for table in ("audit_seals", "audit_heads", "audit", "payer_tokens", "answers", "launch_records"):
        op.drop_table(table)
