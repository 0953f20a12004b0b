"""The identity gate: what blocks, what is only named, and what may not be compared at all."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import names
from app.core.answers import Reason, Unknown
from app.core.chart import Coverage, Identifier, Name, Patient
from app.core.identity import Block, Differs, Verdict, compare, examine, examine_member, gate, refusal
from app.core.membership import Membership, membership
from app.core.names import Same
from tests.core.made import COVERAGE, MEMBER, PATIENT, PAYER_PATIENT, on, report, steady


def name(text: str) -> Name:
    """`Family, Given Given`; without a comma it is text only."""
    family, comma, given_names = text.partition(", ")
    return Name(family=family, given=tuple(given_names.split(" "))) if comma else Name(text=text)


def mb(value: str) -> Identifier:
    return Identifier("https://plan.example/id", value, "MB")


SHARED = replace(COVERAGE, relationship="child")  # the family has one id, and nothing says which of them this is


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "given_names", "family"),
    [
        ("Muñoz, José", "MUNOZ, JOSE", Same.YES, Same.YES),
        ("Müller, Jürgen", "Mueller, Juergen", Same.YES, Same.YES),
        ("Müller, Jürgen", "Muller, Jurgen", Same.YES, Same.YES),
        ("Ångström, Bjørn", "Angstrom, Bjorn", Same.YES, Same.YES),
        ("Łukaszewicz, Đorđe", "Lukaszewicz, Dorde", Same.YES, Same.YES),
        ("O’Brien, Siân", "OBrien, Sian", Same.YES, Same.YES),
        ("D'Angelo, Marco", "Dangelo, Marco", Same.YES, Same.YES),
        ("Dupont, Jean-Luc", "Dupont, Jean Luc", Same.YES, Same.YES),
        ("Dupont, Jean-Luc", "Dupont, Jeanluc", Same.YES, Same.YES),
        ("Dupont, Jean-Luc", "Dupont, Jean", Same.YES, Same.YES),
        ("Okonkwo-Reyes, Ada", "Reyes, Ada", Same.YES, Same.YES),
        ("Okonkwo-Reyes, Ada", "Okonkwo, Ada", Same.YES, Same.YES),
        ("Smith, John Michael", "Smith, Michael", Same.YES, Same.YES),
        ("Smith, John M", "Smith, John Michael", Same.YES, Same.YES),
        ("Li, Mei", "Mei, Li", Same.YES, Same.YES),  # name order
        ("Nowak, Anna Maria", "Nowak, Ella Maria", Same.NO, Same.YES),  # a middle name in common is not enough
        ("Smith, Robert", "Smith, Bob", Same.NO, Same.YES),  # nicknames are not guessed
        ("Smith, Ann", "Smith, Anna", Same.NO, Same.YES),
        ("Smith, J", "Smith, John", Same.INITIAL, Same.YES),
        ("Smith, Jane", "Jones, Jane", Same.YES, Same.NO),
        ("Иванова, Анна", "Ivanova, Anna", Same.SCRIPT, Same.SCRIPT),
        ("Иванова, Анна", "иванова, АННА", Same.YES, Same.YES),
        ("张, 伟", "Zhang, Wei", Same.SCRIPT, Same.SCRIPT),
        ("张, 伟", "张, 伟", Same.YES, Same.YES),
        ("张, 伟", "张, 芳", Same.NO, Same.YES),  # one sign is a name, not an initial
        ("Αλεξίου, Ελένη", "ΑΛΕΞΙΟΥ, ΕΛΕΝΗ", Same.YES, Same.YES),
        ("Yılmaz, İpek", "Yilmaz, Ipek", Same.YES, Same.YES),
        ("John Smith", "Smith, John", Same.YES, Same.YES),  # text only: nobody said which is which
        ("Smith John", "John Smith", Same.YES, Same.YES),
        ("", "Smith, John", Same.MISSING, Same.MISSING),
        ("---", "Smith, John", Same.MISSING, Same.MISSING),
    ],
)
def test_names_of_two_sides(one: str, other: str, given_names: Same, family: Same) -> None:
    assert names.given((name(one),), (name(other),)) is given_names
    assert names.family((name(one),), (name(other),)) is family


def test_decomposed_letters_are_the_same_letters() -> None:
    composed, decomposed = name("Núñez, Zoë"), name("Núñez, Zoë")
    assert names.given((composed,), (decomposed,)) is Same.YES
    assert names.family((composed,), (decomposed,)) is Same.YES


def test_a_mark_that_composes_with_nothing_does_not_split_a_word() -> None:
    assert names.given((name("Nq̈x, Aq̈b"),), (name("Nqx, Aqb"),)) is Same.YES


def test_any_of_several_names_is_enough() -> None:
    both = (name("Petrova, Olga"), name("Петрова, Ольга"), name("Sidorova, Olga"))
    assert names.given(both, (name("Петрова, Ольга"),)) is Same.YES
    assert names.family(both, (name("Sidorova, Olga"),)) is Same.YES
    assert names.given((), both) is Same.MISSING


written = st.text("abcdeéüßñ-' АбвГ张伟", max_size=12)
any_name = st.builds(Name, family=written, given=st.lists(written, max_size=3).map(tuple), text=written)
any_names = st.lists(any_name, max_size=3).map(tuple)


@steady
@given(any_names, any_names)
def test_comparing_names_does_not_depend_on_the_side(one: tuple[Name, ...], other: tuple[Name, ...]) -> None:
    assert names.given(one, other) is names.given(other, one)
    assert names.family(one, other) is names.family(other, one)


@steady
@given(any_names)
def test_a_name_never_differs_from_itself(one: tuple[Name, ...]) -> None:
    assert names.given(one, one) is not Same.NO
    assert names.family(one, one) is not Same.NO


# --- member ids -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "dependent", "relationship", "theirs", "tie"),
    [
        ("W100-02", "", "child", ["W100-02"], Membership.SHARED),
        ("W100-02", "02", "child", ["W100-02"], Membership.OWN),
        ("W100", "02", "child", ["W100-02"], Membership.OWN),
        ("W100", "2", "child", ["W10002"], Membership.OWN),
        ("W100", "02", "child", ["w100 03"], Membership.OTHER),
        ("W100-02", "", "child", ["W100-03"], Membership.OTHER),
        ("W100", "", "child", ["W100-03"], Membership.SHARED),
        ("W100-02", "", "child", ["W100"], Membership.SHARED),
        ("W100-02", "", "child", ["W100", "W100-03"], Membership.OTHER),
        ("W100-02", "", "child", ["W100", "W100-02"], Membership.SHARED),
        ("W100", "", "self", ["W100"], Membership.OWN),
        ("W100", "", "child", ["W100"], Membership.SHARED),
        ("W100", "", "self", ["W200"], Membership.OTHER),
        ("W100", "", "self", ["W200", "W100"], Membership.OWN),  # an older id beside the valid one
        ("W100", "", "self", ["W1001234"], Membership.OTHER),  # four digits more are another number
        ("W100", "", "self", [], Membership.NOT_STATED),
        ("", "", "self", ["W100"], Membership.NOT_STATED),
        ("---", "", "self", ["W100"], Membership.NOT_STATED),
    ],
)
def test_member_ids(ours: str, dependent: str, relationship: str, theirs: list[str], tie: Membership) -> None:
    coverage = Coverage("Coverage/1", "active", member_ids=(mb(ours),), dependent=dependent, relationship=relationship)
    assert membership(coverage, Patient("p", identifiers=tuple(map(mb, theirs)))) is tie


def test_the_dependent_follows_from_the_subscribers_id() -> None:
    coverage = Coverage("Coverage/1", "active", member_ids=(mb("W100-02"),), subscriber_id="W100")
    assert membership(coverage, Patient("p", identifiers=(mb("W100-03"),))) is Membership.OTHER
    assert membership(coverage, Patient("p", identifiers=(mb("W100-02"),))) is Membership.OWN


def test_an_identifier_without_a_type_counts_only_where_it_is_the_member_id() -> None:
    loose = (Identifier("https://plan.example/mrn", "555"), Identifier("", "NW-2048"))
    assert membership(COVERAGE, Patient("p", identifiers=loose)) is Membership.OWN
    assert membership(COVERAGE, Patient("p", identifiers=loose[:1])) is Membership.NOT_STATED


# --- the verdict ----------------------------------------------------------------------------------------------------


def verdict(
    payer: Patient | None, *, chart: Patient = PATIENT, coverage: Coverage = COVERAGE, how: str = ""
) -> Verdict:
    return compare(chart, coverage, replace(MEMBER, how=how or MEMBER.how), payer)


def test_the_same_person_passes_without_a_word() -> None:
    assert verdict(PAYER_PATIENT) == Verdict()


BLOCKED = [
    ({"birth_date": on("1963-03-15")}, COVERAGE, Block.BIRTH_DATE),
    ({"birth_date": on("1964")}, COVERAGE, Block.BIRTH_DATE),
    ({"identifiers": (mb("NW-9999"),)}, COVERAGE, Block.MEMBER_ID),
    ({"identifiers": (mb("NW-2048-03"),)}, replace(COVERAGE, dependent="02", relationship="child"), Block.MEMBER_ID),
    ({"names": (name("Okonkwo-Reyes, Chidi"),)}, SHARED, Block.GIVEN_NAME),
    ({"names": (name("Okonkwo-Reyes, Chidi"),)}, replace(COVERAGE, relationship=""), Block.GIVEN_NAME),
    # the id may be the family's although the coverage says self: only a birth date that agrees outweighs the name
    ({"names": (name("Okonkwo-Reyes, Tobias"),), "birth_date": None}, COVERAGE, Block.GIVEN_NAME),
    ({"names": (name("Okonkwo-Reyes, Tobias"),), "birth_date": on("1964")}, COVERAGE, Block.BIRTH_DATE),
    ({"names": (name("Okonkwo-Reyes, Tobias"),), "birth_date": on("1963")}, COVERAGE, Block.GIVEN_NAME),
    ({"names": (), "birth_date": None}, SHARED, Block.NOTHING_TO_COMPARE),
    ({"names": (), "birth_date": on("1963")}, SHARED, Block.NOTHING_TO_COMPARE),
]


@pytest.mark.parametrize(("changed", "coverage", "block"), BLOCKED)
def test_what_blocks(changed: dict[str, object], coverage: Coverage, block: Block) -> None:
    payer = replace(PAYER_PATIENT, **changed)  # type: ignore[arg-type] # the table names fields
    assert block in verdict(payer, coverage=coverage).blocks


NAMED = [
    ({"sex": "male"}, COVERAGE, {Differs.SEX}),
    ({"sex": "unknown"}, COVERAGE, set()),
    ({"names": (name("Abara, Adaeze"),)}, SHARED, {Differs.FAMILY_NAME}),
    ({"names": (name("Abara, Adaeze"),), "sex": "male"}, COVERAGE, {Differs.FAMILY_NAME, Differs.SEX}),
    ({"names": (name("Okonkwo-Reyes, Ada"),)}, COVERAGE, {Differs.GIVEN_NAME}),  # the id is hers alone
    ({"names": ()}, SHARED, {Differs.NAME_MISSING}),
    ({"names": (name("Оконкво, Адаэзе"),)}, SHARED, {Differs.NAME_SCRIPT}),
    ({"names": (name("Okonkwo-Reyes, A M"),)}, SHARED, {Differs.NAME_INITIAL}),
    ({"birth_date": None}, SHARED, {Differs.BIRTH_DATE_MISSING}),
    ({"birth_date": on("1963")}, SHARED, {Differs.BIRTH_DATE_PARTIAL}),
    ({"birth_date": on("1963-03")}, COVERAGE, {Differs.BIRTH_DATE_PARTIAL}),
    ({"identifiers": ()}, COVERAGE, {Differs.MEMBER_ID_NOT_STATED}),
    ({"deceased": True}, COVERAGE, {Differs.DECEASED}),
    ({"deceased": False}, COVERAGE, set()),
]


@pytest.mark.parametrize(("changed", "coverage", "named"), NAMED)
def test_what_is_shown_and_named(changed: dict[str, object], coverage: Coverage, named: set[Differs]) -> None:
    payer = replace(PAYER_PATIENT, **changed)  # type: ignore[arg-type] # the table names fields
    assert verdict(payer, coverage=coverage) == Verdict(frozenset(), frozenset(named))


def test_missing_on_the_charts_side_is_named_too() -> None:
    assert verdict(PAYER_PATIENT, chart=replace(PATIENT, birth_date=None)).differs == {Differs.BIRTH_DATE_MISSING}
    assert verdict(PAYER_PATIENT, chart=replace(PATIENT, names=())).differs == {Differs.NAME_MISSING}


def test_twins_under_one_id_are_told_apart_by_their_given_names() -> None:
    twin = replace(PAYER_PATIENT, names=(name("Okonkwo-Reyes, Chioma"),))
    assert verdict(twin, coverage=SHARED).blocks == {Block.GIVEN_NAME}


def test_without_a_record_only_the_payers_own_match_passes_and_says_so() -> None:
    assert verdict(None).blocks == {Block.NOTHING_TO_COMPARE}
    assert verdict(None, how="member-match") == Verdict(differs=frozenset({Differs.NO_RECORD}))


def test_a_match_by_the_payer_is_not_undone_by_a_nickname() -> None:
    found = verdict(replace(PAYER_PATIENT, names=(name("Reyes, Ada"),)), coverage=SHARED, how="member-match")
    assert found == Verdict(frozenset(), frozenset({Differs.GIVEN_NAME}))


def test_what_differs_is_named_in_a_fixed_order() -> None:
    other = replace(PAYER_PATIENT, sex="male", names=(name("Abara, Adaeze"),))
    assert verdict(other).named == ("sex", "family name")


births = st.one_of(st.none(), st.sampled_from(["1963", "1963-03", "1963-03-14", "1963-03-15", "1962"]).map(on))
people = st.builds(
    Patient, id=st.just(""), names=any_names, birth_date=births, sex=st.sampled_from(["", "female", "male"])
)


@steady
@given(people, people)
def test_what_two_records_say_of_a_person_does_not_depend_on_the_side(one: Patient, other: Patient) -> None:
    ids = (mb("NW-2048"),)
    there = compare(one, COVERAGE, MEMBER, replace(other, identifiers=ids))
    back = compare(other, COVERAGE, MEMBER, replace(one, identifiers=ids))
    assert there == back


# --- the gate -------------------------------------------------------------------------------------------------------


def passes(report_fields: dict[str, object], member_fields: dict[str, object] | None = None) -> object:
    made = replace(report("care-gaps", ()), **report_fields)  # type: ignore[arg-type] # the tests name fields
    member = replace(MEMBER, **(member_fields or {}))  # type: ignore[arg-type] # the tests name fields
    return gate(member, made, chart=PATIENT, coverage=COVERAGE)


@pytest.mark.parametrize("subject", ["nw-77", "Patient/nw-77", "https://plan.example/fhir/Patient/nw-77/_history/2"])
def test_the_subject_is_the_member_however_the_reference_is_written(subject: str) -> None:
    assert passes({"subject_id": subject}) == replace(report("care-gaps", ()), subject_id=subject)


@pytest.mark.parametrize(
    "fields",
    [
        {"subject_id": "nw-78"},
        {"subject_id": ""},
        {"payer": "lakeside"},
        {"subject": replace(PAYER_PATIENT, id="nw-78")},
        {"subject": replace(PAYER_PATIENT, birth_date=on("1970-01-01"))},
    ],
)
def test_a_report_about_somebody_else_is_stopped(fields: dict[str, object]) -> None:
    found = passes(fields)
    assert isinstance(found, Unknown)
    assert found.reason is Reason.WRONG_PATIENT


def test_the_reason_says_which_part_and_nothing_of_the_payload() -> None:
    found = passes({"subject": replace(PAYER_PATIENT, birth_date=on("1970-01-01"))})
    assert isinstance(found, Unknown)
    assert found.detail == "birth-date"


def test_nobody_to_compare_with_is_not_identified_rather_than_wrong() -> None:
    found = passes({"subject": None}, {"patient": None})
    assert isinstance(found, Unknown)
    assert found.reason is Reason.NOT_IDENTIFIED


def test_the_members_record_stands_in_where_the_report_carries_none() -> None:
    assert not isinstance(passes({"subject": None}), Unknown)
    assert not isinstance(passes({}, {"patient": None}), Unknown)


def test_every_record_of_the_payer_must_fit() -> None:
    wrong = replace(PAYER_PATIENT, birth_date=on("1970-01-01"))
    assert isinstance(passes({}, {"patient": wrong}), Unknown)


def test_a_bare_subject_beside_a_full_member_record_names_nothing_missing() -> None:
    bare = Patient("nw-77")
    made = replace(report("care-gaps", ()), subject=bare)
    assert examine(MEMBER, made, chart=PATIENT, coverage=COVERAGE) == Verdict()


# --- the member, before any report ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "blocks"),
    [
        (PAYER_PATIENT, set()),
        (None, set()),  # a report may bring a record
        (replace(PAYER_PATIENT, birth_date=None, names=(), identifiers=()), set()),
        (replace(PAYER_PATIENT, birth_date=on("1999-09-09")), {Block.BIRTH_DATE}),
        (replace(PAYER_PATIENT, identifiers=(mb("SOMEBODY-1"),)), {Block.MEMBER_ID}),
    ],
)
def test_a_member_who_is_somebody_else_is_stopped_before_a_report_is_asked_for(
    record: Patient | None, blocks: set[Block]
) -> None:
    member = replace(MEMBER, patient=record)
    verdict = examine_member(member, chart=PATIENT, coverage=COVERAGE)
    assert verdict.blocks == blocks
    # and never where the report itself would have passed
    if blocks:
        assert examine(member, report("care-gaps", ()), chart=PATIENT, coverage=COVERAGE).blocks >= blocks


def test_what_stands_in_a_blocked_answers_place_says_only_what_failed() -> None:
    assert refusal("northwind", Verdict()) is None
    refused = refusal("northwind", Verdict(frozenset({Block.GIVEN_NAME, Block.BIRTH_DATE})))
    assert refused == Unknown("northwind", Reason.WRONG_PATIENT, "birth-date, given-name")
    silent = refusal("northwind", Verdict(frozenset({Block.NOTHING_TO_COMPARE})))
    assert silent == Unknown("northwind", Reason.NOT_IDENTIFIED, "nothing-to-compare")
