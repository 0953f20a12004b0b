"""The two-way loop: actions, the outbox, visits, follow-ups, the compliance list, and drafts of what would leave."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_table(
        "actions",
        sa.Column("patient_hash", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("token_hash", sa.Text, nullable=False),
        sa.Column("launch_hash", sa.Text, nullable=False),
        sa.Column("who_hash", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("undone_at", INSTANT),
        sa.Column("undone", sa.LargeBinary),
        sa.PrimaryKeyConstraint("patient_hash", "number", name="pk_actions"),
    )
    op.create_index("ix_actions_id", "actions", ["id"], unique=True)
    op.create_index("ix_actions_token_hash", "actions", ["token_hash"], unique=True)
    op.create_index("ix_actions_who_hash_at", "actions", ["who_hash", "at"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("to", sa.Text, nullable=False),
        sa.Column("together_hash", sa.Text, nullable=False),
        sa.Column("patient_hash", sa.Text, nullable=False),
        sa.Column("issuer_hash", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("visit_hash", sa.Text, nullable=False),
        sa.Column("launch_hash", sa.Text, nullable=False),
        sa.Column("post", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("taken_until", INSTANT),
        sa.Column("taken_by", sa.Text, nullable=False),
        sa.Column("against", sa.Text, nullable=False),
        sa.Column("sent_at", INSTANT),
        sa.Column("confirmable", sa.Integer, nullable=False),
        sa.Column("judged", sa.Text, nullable=False),
        sa.Column("judged_at", INSTANT),
        sa.Column("follow_at", INSTANT),
        sa.Column("trouble", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("outcome", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_action", "outbox", ["action"])
    op.create_index("ix_outbox_patient_hash", "outbox", ["patient_hash"])
    op.create_index("ix_outbox_issuer_hash_post_at", "outbox", ["issuer_hash", "post", "at"])
    op.create_index("ix_outbox_post_follow_at", "outbox", ["post", "follow_at"])
    op.create_index("ix_outbox_post_to_due_at_id", "outbox", ["post", "to", "due_at", "id"])
    op.create_index("ix_outbox_taken_until", "outbox", ["taken_until"])
    op.create_index("ix_outbox_together_hash", "outbox", ["together_hash"])
    op.create_index("ix_outbox_visit_hash", "outbox", ["visit_hash"])
    op.create_table(
        "visits",
        sa.Column("key_hash", sa.Text, nullable=False),
        sa.Column("patient_hash", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("closed_at", INSTANT),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_visits"),
    )
    op.create_index("ix_visits_closed_at_ends_at", "visits", ["closed_at", "ends_at"])
    op.create_table(
        "follow_ups",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("patient_hash", sa.Text, nullable=False),
        sa.Column("issuer_hash", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("due", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("done_at", INSTANT),
        sa.Column("done_how", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_follow_ups"),
    )
    op.create_index("ix_follow_ups_issuer_hash_done_at_due", "follow_ups", ["issuer_hash", "done_at", "due"])
    op.create_index("ix_follow_ups_patient_hash", "follow_ups", ["patient_hash"])
    op.create_table(
        "compliance",
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("patient_hash", sa.Text, nullable=False),
        sa.Column("issuer_hash", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("prev_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_compliance"),
    )
    op.create_table(
        "drafts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("launch_hash", sa.Text, nullable=False),
        sa.Column("patient_hash", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_drafts"),
    )
    op.create_index("ix_drafts_launch_hash", "drafts", ["launch_hash"])
    _append_only()


def downgrade() -> None:
    _changeable()
    for table in ("drafts", "compliance", "follow_ups", "visits", "outbox", "actions"):
        op.drop_table(table)
    op.drop_index("ix_audit_at", "audit")


def _append_only() -> None:
    """Deleting does not empty the list; whoever drops the triggers still breaks its chain."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION compliance_append_only() RETURNS trigger AS $$ BEGIN "
            "RAISE EXCEPTION 'the compliance list is append only'; END $$ LANGUAGE plpgsql"
        )
        op.execute(
            "CREATE TRIGGER compliance_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON compliance "
            "FOR EACH STATEMENT EXECUTE FUNCTION compliance_append_only()"
        )
        return
    for what in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER compliance_append_only_{what.lower()} BEFORE {what} ON compliance "
            "BEGIN SELECT RAISE(ABORT, 'the compliance list is append only'); END"
        )
    op.execute(  # INSERT OR REPLACE deletes what was there, and fires no trigger on DELETE
        "CREATE TRIGGER compliance_append_only_insert BEFORE INSERT ON compliance "
        "WHEN EXISTS (SELECT 1 FROM compliance WHERE seq = NEW.seq OR rowid = NEW.rowid) "
        "BEGIN SELECT RAISE(ABORT, 'the compliance list is append only'); END"
    )


def _changeable() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER compliance_append_only ON compliance")
        op.execute("DROP FUNCTION compliance_append_only()")
        return
    for what in ("update", "delete", "insert"):
        op.execute(f"DROP TRIGGER compliance_append_only_{what}")
