"""Similar names on one day: marked, and never missed by case, diacritics or a typing slip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import Name, Patient
from app.core.schedule.alike import alike, soundex
from tests.core.made import few
from tests.core.scheduled import person


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (person("Okafor", "Grace"), person("Okafor", "Ada", "1990-01-01"), True),  # a family name in common
        (person("García", "Ana"), person("GARCIA", "Luis", "1990-01-01"), True),
        (person("Müller", "Ida"), person("Mueller", "Bo", "1990-01-01"), True),
        (person("García Ruiz", "Ana"), person("Ruiz", "Luis", "1990-01-01"), True),
        (person("Jonson", "Ida"), person("Johnson", "Ida", "1990-01-01"), True),  # a letter away, given name the same
        (person("Jonson", "Ida"), person("Johnson", "Bo", "1960-09-09"), True),  # a letter away, born in one year
        (person("Jonson", "Ida"), person("Johnson", "Bo", "1990-01-01"), False),
        (person("Brandt", "Ida"), person("Barndt", "Ida", "1990-01-01"), True),  # two letters changed places
        (person("Smith", "Ida"), person("Smyth", "Ida", "1990-01-01"), True),  # by sound
        (person("Catherine", "Ida"), person("Katarine", "Ida", "1990-01-01"), True),
        (person("Lindqvist", "Ida"), person("Lundquist", "Ida", "1990-01-01"), True),
        (person("Haddad", "Ida"), person("Petrov", "Ida", "1960-09-09"), False),
        (person("Haddad", "Ida"), person("Petrov", "Ida"), True),  # all but the family name, and the birth date with it
        (person("Wu", "Ida"), person("Yu", "Ida", "1960-09-09"), False),  # a letter of two is another name
        (person("王", "小明"), person("王", "小红", "1990-01-01"), True),
        (person("Иванов", "Пётр"), person("ИВАНОВ", "Анна", "1990-01-01"), True),
        (person("Grace", "Okafor"), person("Okafor", "Grace", "1990-01-01"), True),  # the names changed places
        (person("Okafor-Smith", "Ida"), person("Smith", "Bo", "1990-01-01"), True),
    ],
)
def test_similar_is(one: Patient, other: Patient, expected: bool) -> None:
    assert alike(one, other) is expected
    assert alike(other, one) is expected


def test_who_has_no_name_on_file_is_like_nobody() -> None:
    nameless = Patient("x", (Name(),))
    assert not alike(nameless, Patient("y", (Name(),)))
    assert not alike(nameless, person("Okafor"))


def test_two_records_of_one_id_are_one_person() -> None:
    assert not alike(person("Okafor"), person("Okafor"))


@pytest.mark.parametrize(
    ("word", "code"),
    [("robert", "R163"), ("rupert", "R163"), ("tymczak", "T522"), ("pfister", "P236"), ("ashcraft", "A261"),
     ("lee", "L000"), ("łuk", ""), ("", "")],
)  # fmt: skip
def test_the_code_of_the_archives(word: str, code: str) -> None:
    assert soundex(word) == code


@given(st.text(alphabet="abcdefghijklmnoprstuwz", min_size=4, max_size=10), st.data())
@few
def test_one_letter_left_out_is_never_missed(family: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(family) - 1))
    slip = family[:place] + family[place + 1 :]
    if len(slip) >= 4:
        assert alike(person(family, "Ida"), person(slip, "Ida", "1990-01-01"))


@given(st.sampled_from(["Okafor", "Nguyễn", "Łukasiewicz", "Söndergård", "O'Brien"]), st.booleans())
@few
def test_case_and_diacritics_are_not_looked_at(family: str, upper: bool) -> None:
    other = family.upper() if upper else family.lower()
    assert alike(person(family, "Ida"), person(other, "Bo", "1990-01-01"))
