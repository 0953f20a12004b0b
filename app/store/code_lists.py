"""Code lists that the practice has imported: licensed codes, no PHI, so they are not sealed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from app.core.measures.imported import CodeList
from app.core.terminology import CodeSet
from app.store.schema import code_lists
from app.store.tx import Tx

_t = code_lists.c


@dataclass(frozen=True, slots=True)
class Stored:
    """One list as it was imported: for which part of which rule, what it calls itself, when, and its codes."""

    target: str
    title: str
    version: str
    at: datetime
    codes: tuple[tuple[str, str], ...]  # (system, code)

    def list(self) -> CodeList:
        """As the rules take it."""
        return CodeList(self.target, CodeSet(full=frozenset(self.codes)))


def put(tx: Tx, target: str, title: str, version: str, codes: tuple[tuple[str, str], ...]) -> None:
    """Keep a list, in the place of what was imported for the same target before."""
    body = json.dumps({"title": title, "version": version, "codes": sorted(codes)}, separators=(",", ":"))
    tx.serialise("code_lists")
    tx.conn.execute(delete(code_lists).where(_t.name == target))
    tx.conn.execute(insert(code_lists).values(name=target, at=tx.now, body=body))


def remove(tx: Tx, target: str) -> bool:
    """Drop a list. False: there was none."""
    return tx.conn.execute(delete(code_lists).where(_t.name == target)).rowcount > 0


def everything(tx: Tx) -> list[Stored]:
    """All lists, by target."""
    return [_stored(row.name, row.at, row.body) for row in tx.conn.execute(select(code_lists).order_by(_t.name))]


def stamp(tx: Tx) -> tuple[int, datetime | None]:
    """What changes whenever a list does, without reading the lists."""
    row = tx.conn.execute(select(func.count(), func.max(_t.at))).one()
    return row[0], row[1]


def _stored(name: str, at: datetime, body: str) -> Stored:
    held = json.loads(body)
    codes = tuple((str(system), str(code)) for system, code in held["codes"])
    return Stored(name, str(held["title"]), str(held["version"]), at, codes)
