"""A practice's own code lists: what a file holds, the command, and the rules that running processes use."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.codes import PracticeCodes
from app.core.chart import Coding, Concept
from app.core.evidence import findings
from app.core.measures import REGISTRY, Registry
from app.core.measures.imported import CodeList, targets
from app.core.terminology import CPT, LOINC, SNOMED, CodeSet
from app.import_codes import ImportCodes, arguments
from app.sources.code_lists import NotUnderstood, understood
from app.store import Store
from app.store.engine import connect
from app.store.migrations import migrate
from tests.core.made import COLORECTAL, TODAY, YEAR, fact, icd, reading
from tests.store.one_store import SEAL, Clock, digest

TARGET = "colorectal-screening/colonoscopy"
MADE_UP = "0TEST"  # no code of any list
LOOKED = fact("Procedure", Concept((Coding(CPT, MADE_UP, "Colonoscopy"),)), "2024-05-05")
VSAC = f"""Value Set Name,Practice colonoscopies
Code System,CPT
OID,1.2.3
Definition Version,20260101

Code,Description,Code System,Code System Version,Code System OID,TTY
{MADE_UP},Made up,CPT,2026,2.16.840.1.113883.6.12,
1TEST,Made up too,SNOMEDCT,2026,2.16.840.1.113883.6.96,
"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    engine = connect(f"sqlite:///{tmp_path / 'chartside.sqlite3'}")
    migrate(engine)
    store = Store(engine, seal=SEAL, digest=digest, clock=clock)
    yield store
    store.close()


def value_set(**fields: object) -> str:
    return json.dumps({"resourceType": "ValueSet", "title": "Mine", "version": "7"} | fields)


# --- files ------------------------------------------------------------------------------------------------------------

BOTH = {(CPT, MADE_UP), (SNOMED, "1TEST")}


@pytest.mark.parametrize(
    "text",
    [
        VSAC,
        "\ufeff" + VSAC,
        f"system,code\nCPT,{MADE_UP}\nSNOMEDCT_US,1test\n",
        f"{CPT},{MADE_UP}\n{SNOMED},1TEST\nCPT,{MADE_UP}\n",
        f"urn:oid:2.16.840.1.113883.6.12,{MADE_UP}\n2.16.840.1.113883.6.96,1TEST\n",
        value_set(
            expansion={
                "contains": [
                    {"system": CPT, "code": "GROUP", "abstract": True, "contains": [{"system": CPT, "code": MADE_UP}]},
                    {"system": SNOMED, "code": "1TEST"},
                ]
            },
            compose={"include": [{"system": LOINC, "concept": [{"code": "not-used"}]}]},
        ),
        value_set(
            compose={
                "include": [
                    {"system": CPT, "concept": [{"code": MADE_UP}]},
                    {"system": SNOMED, "concept": [{"code": "1TEST"}]},
                ]
            }
        ),
    ],
)
def test_each_shape_of_file_is_understood(text: str) -> None:
    found = understood(text)
    assert set(found.codes) == BOTH
    assert found.by_system() == {CPT: 1, SNOMED: 1}


def test_a_list_keeps_its_own_name_and_version() -> None:
    assert (understood(VSAC).title, understood(VSAC).version) == ("Practice colonoscopies", "20260101")
    made = understood(value_set(expansion={"contains": [{"system": CPT, "code": MADE_UP}]}))
    assert (made.title, made.version) == ("Mine", "7")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no code"),
        ("system,code\n", "no code"),
        ("{", "not JSON"),
        ('{"resourceType":"Patient"}', "no FHIR ValueSet"),
        (value_set(), "no code"),
        (value_set(compose={"include": [{"system": CPT, "filter": [{"property": "x"}]}]}), "expansion"),
        (value_set(compose={"include": [{"valueSet": ["https://elsewhere.example/vs"]}]}), "expansion"),
        ("CPT\n", "line 1"),
        (f"CPT,{MADE_UP}\nCPT,two words\n", "line 2"),
        (f"CPT,{MADE_UP}\nCPT,\n", "line 2"),
        ("https://nobody.example/codes,1\n", "not known"),
        (value_set(expansion={"contains": [{"code": "1"}]}), "not known"),
        (value_set(expansion={"contains": [{"system": CPT, "code": "<b>"}]}), "no code"),
    ],
)
def test_what_is_not_understood_says_where(text: str, why: str) -> None:
    with pytest.raises(NotUnderstood, match=why):
        understood(text)


# --- rules ------------------------------------------------------------------------------------------------------------


def colonoscopy_found(registry: Registry) -> bool:
    rule, reviewed = registry.find(COLORECTAL, YEAR)
    assert rule is not None
    assert reviewed
    return findings(rule, YEAR, reading(LOOKED), TODAY).done == LOOKED


def test_an_imported_list_makes_evidence_and_the_shipped_rules_stay_as_they_are() -> None:
    more = REGISTRY.with_codes([CodeList(TARGET, CodeSet(frozenset({(CPT, MADE_UP)})))])
    assert colonoscopy_found(more)
    assert not colonoscopy_found(REGISTRY)


def test_a_list_settles_the_follow_up_too() -> None:
    more = REGISTRY.with_codes([CodeList(TARGET, CodeSet(frozenset({(CPT, MADE_UP)})))])
    rule, _ = more.find(COLORECTAL)
    assert rule is not None
    assert rule.follow_up is not None
    assert rule.follow_up.settled_by.codes.holds(LOOKED.concept)


def test_a_list_extends_exclusions_and_the_populations_diagnosis() -> None:
    codes = CodeSet(frozenset({(SNOMED, "1TEST")}))
    lists = [CodeList("colorectal-screening/total colectomy", codes), CodeList("glycaemic-status/diagnosis", codes)]
    more = {rule.key: rule for rule in REGISTRY.with_codes(lists).rules}
    gone = fact("Procedure", Concept((Coding(SNOMED, "1TEST"),)), "2001-01-01")
    assert findings(more["colorectal-screening"], YEAR, reading(gone), TODAY).excluded == (gone,)
    assert more["glycaemic-status"].population.diagnosis.holds(gone.concept)
    assert more["glycaemic-status"].population.diagnosis.holds(icd("E11.9"))


def test_a_target_that_no_rule_has_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing/here"):
        REGISTRY.with_codes([CodeList("nothing/here", CodeSet())])


def test_every_target_can_be_told_from_every_other() -> None:
    names = targets(REGISTRY.rules)
    assert len(names) == len(set(names))
    assert {"medication-reconciliation/medication reconciliation", "eye-exam/retinal exam", TARGET} <= set(names)
    assert REGISTRY.with_codes([CodeList(name, CodeSet()) for name in names]).rules == REGISTRY.rules


# --- the command and the running process ------------------------------------------------------------------------------


class Command:
    """The command, and what it said."""

    def __init__(self, store: Store) -> None:
        self.said: list[str] = []
        self.complained: list[str] = []
        self._command = ImportCodes(store, self.said.append, self.complained.append)

    def __call__(self, *argv: str) -> int:
        parser = ArgumentParser()
        arguments(parser)
        return self._command.run(parser.parse_args(argv))


def test_one_command_imports_and_a_running_process_sees_it_within_a_minute(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "mine.csv").write_text(VSAC, encoding="utf-8")
    running, command = PracticeCodes(store, clock), Command(store)
    assert not colonoscopy_found(running.registry())
    assert command(str(tmp_path / "mine.csv"), "--as", TARGET) == 0
    assert any("American Medical Association" in line for line in command.said)
    assert any(line.strip() == f"1 {CPT}" for line in command.said)
    clock.now += timedelta(seconds=59)
    assert colonoscopy_found(running.registry())
    assert command("--remove", TARGET) == 0
    clock.now += timedelta(seconds=59)
    assert not colonoscopy_found(running.registry())
    assert command("--remove", TARGET) == 1


def test_a_second_import_takes_the_place_of_the_first(store: Store, clock: Clock, tmp_path: Path) -> None:
    command, running = Command(store), PracticeCodes(store, clock)
    for name, code in (("a.csv", MADE_UP), ("b.csv", "2TEST")):
        (tmp_path / name).write_text(f"CPT,{code}\n", encoding="utf-8")
        assert command(str(tmp_path / name), "--as", TARGET) == 0
        clock.now += timedelta(seconds=1)
    assert not colonoscopy_found(running.registry())
    command("--list")
    assert any(line.startswith(f"{TARGET}: 1 codes") for line in command.said)


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        ((), 2, "which file"),
        (("missing.csv", "--as", TARGET), 1, "not imported"),
        (("missing.csv", "--as", "no-rule/x"), 1, TARGET),
        (("missing.csv",), 2, "for what"),
    ],
)
def test_a_wrong_use_is_explained_and_stores_nothing(store: Store, argv: tuple[str, ...], code: int, says: str) -> None:
    command = Command(store)
    assert command(*argv) == code
    assert says in "\n".join(command.complained)
    command("--list")
    assert not any("codes," in line for line in command.said)


def test_a_stored_list_that_has_no_place_any_more_breaks_nothing(store: Store, clock: Clock) -> None:
    from app.store import code_lists

    with store.begin() as tx:
        code_lists.put(tx, "retired-rule/kind", "Old", "", ((CPT, MADE_UP),))
        code_lists.put(tx, TARGET, "Mine", "", ((CPT, MADE_UP),))
    assert colonoscopy_found(PracticeCodes(store, clock).registry())


def test_inside_a_transaction_the_last_registry_is_used(store: Store, clock: Clock) -> None:
    from app.store import code_lists

    with store.begin() as tx:
        code_lists.put(tx, TARGET, "Mine", "", ((CPT, MADE_UP),))
    running = PracticeCodes(store, clock)
    with store.read():
        assert running.registry() is REGISTRY
    assert colonoscopy_found(running.registry())


def test_without_the_database_the_last_registry_is_used(store: Store, clock: Clock) -> None:
    from app.store import code_lists
    from app.store.schema import code_lists as table

    with store.begin() as tx:
        code_lists.put(tx, TARGET, "Mine", "", ((CPT, MADE_UP),))
    running = PracticeCodes(store, clock)
    assert colonoscopy_found(running.registry())
    with store.begin() as tx:
        table.drop(tx.conn)
    clock.now += timedelta(minutes=5)
    assert colonoscopy_found(running.registry())
