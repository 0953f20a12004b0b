"""The yardstick: a bare Flask view with one indexed query, served as the app is: `-m tests.bench.bare PORT DB`."""

from __future__ import annotations

import sqlite3
import sys
import threading
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

ROWS = 5_000


def create(path: str) -> Flask:
    app, local = Flask(__name__), threading.local()

    @app.get("/")
    def one() -> dict[str, Any]:
        if not hasattr(local, "db"):
            local.db = sqlite3.connect(path)
        row = local.db.execute("SELECT body FROM thing WHERE id = ?", (ROWS // 2,)).fetchone()
        return {"body": row[0]}

    return app


class _Server(BaseApplication):  # type: ignore[misc] # gunicorn ships no types
    def load_config(self) -> None:
        for name, value in {"bind": f"127.0.0.1:{sys.argv[1]}", "worker_class": "gthread", "threads": 32}.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return create(sys.argv[2])


def main() -> None:
    db = sqlite3.connect(sys.argv[2])
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE thing (id INTEGER PRIMARY KEY, body TEXT)")
    db.executemany("INSERT INTO thing VALUES (?, ?)", ((n, "x" * 200) for n in range(ROWS)))
    db.commit()
    _Server().run()


if __name__ == "__main__":
    main()
