"""The files that code lists come in: a FHIR ValueSet, an export of VSAC, or a plain table.

https://hl7.org/fhir/R4/valueset.html; https://vsac.nlm.nih.gov (a CSV export of one value set).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.terminology import CPT, CVX, HCPCS, ICD10CM, ICD10PCS, LOINC, RXNORM, SNOMED, named, tidy

MOST_BYTES = 50_000_000
#: Names of code systems in exports of VSAC and in spreadsheets.
_NAMES: Mapping[str, str] = {
    "cpt": CPT, "snomedct": SNOMED, "snomedctus": SNOMED, "snomed": SNOMED, "icd10cm": ICD10CM, "icd10pcs": ICD10PCS,
    "hcpcs": HCPCS, "hcpcslevelii": HCPCS, "loinc": LOINC, "cvx": CVX, "rxnorm": RXNORM,
}  # fmt: skip
_KNOWN = frozenset(_NAMES.values())
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{0,63}")


class NotUnderstood(ValueError):
    """A file that is none of the three shapes, or a code or a system in it that cannot be one. Says where."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What a file holds: its own title and version, and its codes, each once."""

    title: str
    version: str
    codes: tuple[tuple[str, str], ...]

    def by_system(self) -> dict[str, int]:
        """How many codes of each system."""
        return dict(sorted(Counter(system for system, _ in self.codes).items()))


def understood(text: str) -> Understood:
    """A FHIR ValueSet in JSON, a CSV export of VSAC, or two columns system,code. Raises NotUnderstood."""
    if len(text) > MOST_BYTES:
        raise NotUnderstood("the file is too large")
    title, version, pairs = _value_set(text) if text.lstrip("\ufeff \r\n\t").startswith("{") else _table(text)
    found: dict[tuple[str, str], None] = {}
    for where, system, code in pairs:
        found[_system(system, where), _code(code, where)] = None
    if not found:
        raise NotUnderstood("there is no code in it")
    return Understood(title, version, tuple(found))


Row = tuple[str, str, str]  # where it stands, system, code


def _value_set(text: str) -> tuple[str, str, list[Row]]:
    """FHIR R4 ValueSet: its expansion, else the codes that it names one by one."""
    try:
        stated: Any = json.loads(text.lstrip("\ufeff"))
    except ValueError as e:
        raise NotUnderstood(f"it is not JSON: {e}") from e
    if not isinstance(stated, dict) or stated.get("resourceType") != "ValueSet":
        raise NotUnderstood("it is no FHIR ValueSet")
    title = str(stated.get("title") or stated.get("name") or stated.get("url") or "")
    version = str(stated.get("version") or "")
    if contains := _dict(stated.get("expansion")).get("contains"):
        return title, version, list(_contained(contains))
    rows: list[Row] = []
    for include in _dicts(_dict(stated.get("compose")).get("include")):
        if not include.get("concept"):
            raise NotUnderstood("it names codes by rules or by other value sets: export it with its expansion")
        rows += [
            (f"code {c.get('code')}", str(include.get("system")), str(c.get("code")))
            for c in _dicts(include["concept"])
        ]
    return title, version, rows


def _contained(items: object) -> Iterator[Row]:
    for item in _dicts(items):
        if item.get("code") and item.get("abstract") is not True:
            yield f"code {item['code']}", str(item.get("system")), str(item["code"])
        yield from _contained(item.get("contains"))


def _table(text: str) -> tuple[str, str, list[Row]]:
    """VSAC puts a few lines of its own before the header; a plain table may have none at all."""
    lines = [line for line in csv.reader(io.StringIO(text.lstrip("\ufeff"))) if any(cell.strip() for cell in line)]
    about = {line[0].strip().casefold(): line[1].strip() for line in lines if len(line) > 1}
    title, version = about.get("value set name", ""), about.get("definition version", "")
    for number, line in enumerate(lines):
        names = [cell.strip().casefold() for cell in line]
        system = next((names.index(n) for n in ("code system oid", "code system", "system") if n in names), None)
        if "code" in names and system is not None:
            return title, version, _rows(lines[number + 1 :], number + 2, system, names.index("code"))
    return title, version, _rows(lines, 1, 0, 1)


def _rows(lines: Iterable[list[str]], first: int, system: int, code: int) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(lines, first):
        if len(line) <= max(system, code):
            raise NotUnderstood(f"line {number} has no code and system")
        rows.append((f"line {number}", line[system], line[code]))
    return rows


def _system(stated: str, where: str) -> str:
    text = stated.strip()
    plain = re.sub(r"[^a-z0-9]", "", text.casefold())
    oid = f"urn:oid:{text}" if re.fullmatch(r"[0-9.]+", text) else text
    found = _NAMES.get(plain) or named(oid)
    if found not in _KNOWN:
        raise NotUnderstood(f"{where}: the code system {text[:80]!r} is not known here")
    return found


def _code(stated: str, where: str) -> str:
    text = stated.strip()
    if not _CODE.fullmatch(text):
        raise NotUnderstood(f"{where}: {text[:80]!r} is no code")
    return tidy(text)


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
