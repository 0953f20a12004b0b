"""The PostgreSQL of the tests themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests import postgres


def test_a_server_is_made_and_leaves_nothing_behind(postgres_server: str) -> None:
    with postgres.server() as url:
        assert url != postgres_server
        engine = create_engine(url)
        with engine.connect() as connection:
            folder = Path(connection.execute(text("SHOW data_directory")).scalar_one())
            pid = int((folder / "postmaster.pid").read_text().splitlines()[0])
            assert Path(f"/proc/{pid}").exists()
        engine.dispose()
    assert not folder.parent.exists()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(OperationalError):
        engine.connect()


def test_where_postgresql_is_missing_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
    with pytest.raises(postgres.PostgresMissing, match="install postgresql"), postgres.server():
        pass
