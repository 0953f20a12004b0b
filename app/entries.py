"""EHR and payer tables of the settings to typed entries. Knows the entry types of every room; part of the root."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from app.config import ConfigError, Settings, Table
from app.core.chart import CHART_TYPES
from app.core.coverage import Recognition
from app.core.freshness import DataClass, SourceClass
from app.core.ledger.practice import POLICIES, WRITABLE, Practice
from app.core.measures import RULES
from app.core.measures.names import PayerName, by_rule
from app.core.restrictions import KINDS
from app.core.roles import May, Role, RoleRow, may
from app.core.schedule.appointment import Plan
from app.core.schedule.entry import ContraRow, Prefetch, Protocol, ProviderRow, ScheduleEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.core.measures.rule import MeasureName
    from app.health import Listed
    from app.sources.payer import PayerEntry
    from launch import Ehr


#: What a plan cannot do without.
_NEEDS = {Plan.LOCATION: ("locations",), Plan.WORKLIST: ("worklist",), Plan.BOOKED: ("practice", "departments")}
#: What a protocol may cover: an act of a rule, or the follow-up of its abnormal result.
_ACTS = frozenset(key for rule in RULES for key in (rule.key, f"{rule.key}/follow-up"))
#: What a prefetch may read at all: enough to know whom to ask about whom, and whether that is forbidden.
_PREFETCHED = Prefetch(client_id="-").types
_OUR_TABLES = frozenset({"role", "schedule", "provider", "protocol", "prefetch", "practice"})


def ehr_entries(settings: Settings) -> list[Ehr]:
    """Every `[[ehr]]` with its rows and its two tables for the morning schedule. Raises ConfigError."""
    from launch import Ehr

    return [_ehr(Ehr, table) for table in settings.ehrs]


def _ehr(of: type[Ehr], table: Table) -> Ehr:
    name = f"[[ehr]] {table['id']}"
    rows = tuple(_typed(RoleRow, {**row, "role": _role(row, name)}, f"{name}, role") for row in table.get("role", ()))
    ours = {
        "roles": rows,
        "claims": tuple(row.claim for row in rows if row.claim),
        "schedule": _schedule(table.get("schedule", {}), f"{name}, schedule"),
        "providers": _providers(table.get("provider", ()), f"{name}, provider"),
        "protocols": tuple(_protocol(row, f"{name}, protocol") for row in table.get("protocol", ())),
        "prefetch": _prefetch(table["prefetch"], f"{name}, prefetch") if table.get("prefetch") else None,
        "practice": _practice(table.get("practice", {}), f"{name}, practice"),
    }
    entry: Ehr = _typed(of, {**{key: value for key, value in table.items() if key not in _OUR_TABLES}, **ours}, name)
    if entry.prefetch and not (entry.prefetch.providers or entry.providers):
        raise ConfigError(f"{name}, prefetch: whose day? Name providers, or give provider rows")
    _limits(entry, name)
    _leaving(entry, name)
    if unknown := set(entry.restrictions) - set(KINDS):
        raise ConfigError(f"{name}: restrictions: {', '.join(sorted(unknown))}; known: {', '.join(KINDS)}")
    return entry


def _practice(table: Table, name: str) -> Practice:
    """Who speaks to payers. The NPI goes out as the author's organization, so one that cannot be one is refused."""
    made: Practice = _typed(Practice, table, name)
    if made.npi and not re.fullmatch(r"\d{10}", str(made.npi)):
        raise ConfigError(f"{name}: npi must be ten digits, not {made.npi!r}")
    return made


def _leaving(entry: Ehr, name: str) -> None:
    """What may be written to this EHR, and what may leave of what is sensitive."""
    _lists(entry, ("writes",), name)
    if unknown := set(entry.writes) - set(WRITABLE):
        raise ConfigError(f"{name}: writes: {', '.join(sorted(unknown))}; known: {', '.join(WRITABLE)}")
    if entry.sensitive not in POLICIES:
        raise ConfigError(f"{name}: sensitive must be one of {', '.join(POLICIES)}, not {entry.sensitive!r}")


def _role(row: Table, name: str) -> Role:
    return _role_named(row.get("role"), name)


def _role_named(value: object, name: str) -> Role:
    try:
        return Role(str(value))
    except ValueError as e:
        raise ConfigError(f"{name}: {value!r} is no role; roles: {', '.join(Role)}") from e


def _schedule(table: Table, name: str) -> ScheduleEntry:
    """How a day is asked for; without a plan it is chosen from the CapabilityStatement."""
    try:
        plan = Plan(str(table["plan"])) if "plan" in table else None
    except ValueError as e:
        raise ConfigError(f"{name}: {table['plan']!r} is no plan; plans: {', '.join(Plan)}") from e
    entry: ScheduleEntry = _typed(ScheduleEntry, {**table, "plan": plan}, name)
    _lists(entry, ("locations", "departments"), name)
    for needed in _NEEDS.get(plan, ()) if plan else ():
        if not getattr(entry, needed):
            raise ConfigError(f"{name}: plan {plan!s} needs {needed}")
    _references(entry.locations, "Location", f"{name}, locations")
    return entry


def _providers(rows: Iterable[Table], name: str) -> tuple[ProviderRow, ...]:
    """Whose days others may open. A role that sees no schedule at all cannot be meant."""
    found: list[ProviderRow] = []
    for row in rows:
        one: ProviderRow = _typed(ProviderRow, row, name)
        _lists(one, ("roles", "users"), name)
        _references((one.ref, *one.users), "Practitioner", name)
        for role in one.roles:
            if not may(_role_named(role, name), May.SEE_SCHEDULE):
                raise ConfigError(f"{name}: {role} sees no schedule")
        if not str(one.name).strip():
            raise ConfigError(f"{name}: {one.ref} has no name")
        if any(one.ref == other.ref for other in found):
            raise ConfigError(f"{name}: {one.ref} is given twice")
        found.append(one)
    return tuple(found)


def _protocol(row: Table, name: str) -> Protocol:
    """A standing order: named, dated, approved by somebody, and for acts that there are rules for."""
    against = tuple(_contra(each, f"{name}, contraindications") for each in row.get("contraindications", ()))
    expires = row.get("expires")
    try:
        ends = date.fromisoformat(expires) if isinstance(expires, str) else expires
    except ValueError:
        ends = None
    if not isinstance(ends, date) or isinstance(ends, datetime):
        raise ConfigError(f"{name}: expires must be a day, e.g. 2027-06-30, not {expires!r}")
    made: Protocol = _typed(Protocol, {**row, "expires": ends, "contraindications": against}, name)
    _lists(made, ("acts",), name)
    if missing := [key for key in ("name", "version", "approver", "acts") if not getattr(made, key)]:
        raise ConfigError(f"{name}: {made.name!r}: empty: {', '.join(missing)}")
    if unknown := set(made.acts) - _ACTS:
        raise ConfigError(f"{name}: acts: {', '.join(sorted(unknown))}; known: {', '.join(sorted(_ACTS))}")
    return made


def _contra(row: Table, name: str) -> ContraRow:
    made: ContraRow = _typed(ContraRow, row, name)
    _lists(made, ("codes",), name)
    if wrong := [code for code in made.codes if not re.fullmatch(r"[^|\s]+\|[^|\s]+", str(code))]:
        raise ConfigError(f"{name}: {', '.join(map(repr, wrong))}: write system|code")
    if made.type not in CHART_TYPES:
        raise ConfigError(f"{name}: {made.type!r} is no type of the chart; types: {', '.join(CHART_TYPES)}")
    if not made.codes:
        raise ConfigError(f"{name}: {made.name!r} names no codes")
    return made


def _prefetch(table: Table, name: str) -> Prefetch:
    made: Prefetch = _typed(Prefetch, table, name)
    _lists(made, ("scopes", "types", "providers"), name)
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", str(made.at)):
        raise ConfigError(f"{name}: at must be a time of day, e.g. 02:00, not {made.at!r}")
    if not str(made.client_id).strip():
        raise ConfigError(f"{name}: client_id is missing")
    if wrong := [scope for scope in made.scopes if not str(scope).startswith("system/")]:
        raise ConfigError(f"{name}: scopes: {', '.join(map(str, wrong))}: a prefetch has system/ scopes only")
    if unknown := set(made.types) - set(_PREFETCHED):
        raise ConfigError(
            f"{name}: types: {', '.join(sorted(unknown))}: nothing but what asking the payers needs is read"
        )
    _references(made.providers, "Practitioner", f"{name}, providers")
    return made


def _references(values: Iterable[object], kind: str, name: str) -> None:
    """FHIR ids, written with their type: a bare id would never equal what an EHR answers."""
    for value in values:
        if not re.fullmatch(rf"{kind}/[A-Za-z0-9\-.]{{1,128}}", str(value)):
            raise ConfigError(f"{name}: {value!r}: write {kind}/<id>")


def _lists(entry: object, names: Iterable[str], where: str) -> None:
    """One text where a list belongs would be read letter by letter."""
    for name in names:
        if not isinstance(getattr(entry, name), tuple):
            raise ConfigError(f"{where}: {name} must be a list")


def _limits(entry: Ehr | PayerEntry, name: str) -> None:
    for key in ("in_flight", "per_minute"):
        value = getattr(entry, key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ConfigError(f"{name}: {key} must be a whole number, 0 for no limit, not {value!r}")


def role_rows(entry: Ehr) -> tuple[RoleRow, ...]:
    """The role mapping of an EHR entry, which launch carries without looking at it."""
    return tuple(row for row in entry.roles if isinstance(row, RoleRow))


def provider_rows(entry: Ehr) -> tuple[ProviderRow, ...]:
    """Whose days others may open at an EHR, which launch carries without looking at it."""
    return tuple(row for row in entry.providers if isinstance(row, ProviderRow))


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
    _limits(entry, name)
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
