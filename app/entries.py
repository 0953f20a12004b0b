"""EHR and payer tables of the settings to typed entries. Knows the entry types of every room; the root's other half."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from app.config import ConfigError, Settings, Table
from app.core.coverage import Recognition
from app.core.freshness import DataClass, SourceClass
from app.core.measures import RULES
from app.core.measures.names import PayerName, by_rule
from app.core.restrictions import KINDS
from app.core.roles import Role, RoleRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.core.measures.rule import MeasureName
    from app.health import Listed
    from app.sources.payer import PayerEntry
    from launch import Ehr


def ehr_entries(settings: Settings) -> list[Ehr]:
    """Every `[[ehr]]`, with its `role` rows. Raises ConfigError."""
    from launch import Ehr

    return [_ehr(Ehr, table) for table in settings.ehrs]


def _ehr(of: type[Ehr], table: Table) -> Ehr:
    name = f"[[ehr]] {table['id']}"
    rows = tuple(_typed(RoleRow, {**row, "role": _role(row, name)}, f"{name}, role") for row in table.get("role", ()))
    claims = tuple(row.claim for row in rows if row.claim)
    rest = {key: value for key, value in table.items() if key != "role"}
    entry: Ehr = _typed(of, {**rest, "roles": rows, "claims": claims}, name)
    if unknown := set(entry.restrictions) - set(KINDS):
        raise ConfigError(f"{name}: restrictions: {', '.join(sorted(unknown))}; known: {', '.join(KINDS)}")
    return entry


def _role(row: Table, name: str) -> Role:
    try:
        return Role(str(row.get("role")))
    except ValueError as e:
        raise ConfigError(f"{name}: {row.get('role')!r} is no role; roles: {', '.join(Role)}") from e


def role_rows(entry: Ehr) -> tuple[RoleRow, ...]:
    """The role mapping of an EHR entry, which launch carries without looking at it."""
    return tuple(row for row in entry.roles if isinstance(row, RoleRow))


def payer_entries(settings: Settings) -> list[PayerEntry]:
    """Every `[[payer]]`, with its `recognised_by`, `data` and `measure_names` rows. Raises ConfigError."""
    from app.sources.payer import PayerEntry

    entries = [_payer(PayerEntry, table) for table in settings.payers]
    measure_names(entries)
    return entries


def measure_names(payers: Iterable[PayerEntry]) -> Mapping[str, tuple[MeasureName, ...]]:
    """What the payers of this site call our rules, by key of the rule. Raises ConfigError."""
    try:
        return by_rule([name for entry in payers for name in entry.measure_names], RULES)
    except ValueError as e:
        raise ConfigError(f"[[payer]], measure_names: {e}") from e


def listed(ehrs: Iterable[Ehr], payers: Iterable[PayerEntry]) -> tuple[Listed, ...]:
    """Every source of the settings, EHRs first, for the operator's page."""
    from app.health import Listed

    return (
        *(Listed(entry.id, entry.name, "ehr") for entry in ehrs),
        *(Listed(entry.id, entry.name, "payer", entry.speaks, entry.data) for entry in payers),
    )


def _payer(of: type[PayerEntry], table: Table) -> PayerEntry:
    name = f"[[payer]] {table['id']}"
    rows = tuple(_typed(Recognition, row, f"{name}, recognised_by") for row in table.get("recognised_by", ()))
    data = tuple(_data(row, f"{name}, data") for row in table.get("data", ()))
    names = tuple(_typed(PayerName, row, f"{name}, measure_names") for row in table.get("measure_names", ()))
    entry: PayerEntry = _typed(of, {**table, "recognised_by": rows, "data": data, "measure_names": names}, name)
    return entry


def _data(row: Table, name: str) -> DataClass:
    try:
        made: DataClass = _typed(DataClass, {**row, "kind": SourceClass(str(row.get("kind")))}, name)
    except ValueError as e:
        raise ConfigError(f"{name}: {row.get('kind')!r} is no class; classes: {', '.join(SourceClass)}") from e
    return made


def _typed(kind: type[Any], table: Table, name: str) -> Any:
    """`kind(**table)` with lists as tuples; an unknown or missing key is named."""
    known = {field.name for field in fields(kind)}
    if unknown := set(table) - known:
        raise ConfigError(f"{name}: unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    try:
        return kind(**values)
    except (TypeError, ValueError) as e:
        raise ConfigError(f"{name}: {e}") from e
