"""Alembic runs this file. The connection is handed in, inside a transaction that `migrations` opened and will end."""

from __future__ import annotations

from alembic import context

from app.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
    transactional_ddl=True,  # true of SQLite as well, since we write BEGIN ourselves
)
with context.begin_transaction():
    context.run_migrations()
