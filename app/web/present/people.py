"""Who is who: the patient of the header, the user of the launch."""

from __future__ import annotations

import unicodedata
from datetime import date

from app.core.chart import Identifier, Name, Patient
from app.core.roles import Role
from app.web.present.dates import NOT_STATED, age, plain_when
from app.web.present.text import listed, plain
from app.web.present.views import HeaderView, NameView

NO_NAME = "Name not stated"

ROLE_WORDS: dict[Role, str] = {
    Role.CLINICIAN: "clinician",
    Role.CLINICAL_STAFF: "clinical staff",
    Role.MANAGER: "practice manager",
    Role.FINANCE: "finance",
    Role.PRIVACY: "privacy officer",
    Role.OPERATOR: "operator",
    Role.NONE: "no role",
}

_SEX_WORDS = {"female": "female", "male": "male", "other": "other sex", "unknown": "sex unknown"}
_USE_ORDER = ("official", "usual", "", "temp", "nickname", "anonymous", "old", "maiden")
_BEFORE = {"nickname": "called", "old": "formerly", "maiden": "formerly", "anonymous": "listed as"}

#: Script of a name as a BCP 47 tag: the script is known from the letters, the language mostly is not ("und").
_SCRIPTS = {
    "ARABIC": "und-Arab", "HEBREW": "und-Hebr", "CYRILLIC": "und-Cyrl", "GREEK": "el", "CJK": "und-Hani",
    "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "THAI": "th", "DEVANAGARI": "und-Deva", "BENGALI": "und-Beng",
    "TAMIL": "ta", "TELUGU": "te", "GUJARATI": "gu", "GURMUKHI": "pa", "ARMENIAN": "hy", "GEORGIAN": "ka",
    "ETHIOPIC": "und-Ethi", "KHMER": "km", "LAO": "lo", "MYANMAR": "my",
}  # fmt: skip

#: Scripts that write family and given name together, family first.
_UNSPACED = {"und-Hani", "ja", "ko"}


def header(patient: Patient, *, today: date, on_screen: bool) -> HeaderView:
    """Name, birth date with age, sex, record number; whatever is missing is said to be missing."""
    names = _names(patient)
    return HeaderView(
        name=names[0] if names else NameView(NO_NAME),
        others=tuple(names[1:]),
        born=_born(patient, today),
        sex=_SEX_WORDS.get(patient.sex, f"sex {NOT_STATED}"),
        record=_record(patient.identifiers),
        on_screen=on_screen,
    )


def _names(patient: Patient) -> list[NameView]:
    """Every distinct name; which is shown first follows `HumanName.use`, never the order of the wire."""
    ranked = sorted(patient.names, key=lambda n: _USE_ORDER.index(n.use) if n.use in _USE_ORDER else 2)
    views: list[NameView] = []
    for name in ranked:
        words = name_words(name)
        if words and words not in {view.words for view in views}:
            before = _BEFORE.get(name.use, "also") if views else ""
            views.append(NameView(words, script(words), before))
    return views


def name_words(name: Name) -> str:
    """FAMILY, Given: family name first is how a chart is checked. A name with only text is shown as written."""
    family, given = plain(name.family), plain(" ".join([*name.given, *name.suffix]))
    if family and given:
        if script(family) in _UNSPACED:
            return f"{family}{given}"
        return f"{family}{'،' if script(family) == 'und-Arab' else ','} {given}"
    return family or given or plain(name.text)


def script(words: str) -> str:
    """The script of the first letter, or nothing for Latin."""
    for char in words:
        if char.isalpha():
            block = unicodedata.name(char, "").split()[:1]
            return _SCRIPTS.get(block[0], "") if block else ""
    return ""


def _born(patient: Patient, today: date) -> str:
    if patient.birth_date is None:
        return f"birth date {NOT_STATED}"
    years = "" if patient.deceased else age(patient.birth_date, today)
    return ", ".join(filter(None, [f"born {plain_when(patient.birth_date)}", years]))


def _record(identifiers: tuple[Identifier, ...]) -> str:
    """The medical record numbers (v2-0203 MR); another identifier is no substitute and is not passed off as one."""
    numbers = [plain(i.value) for i in identifiers if i.type_code == "MR" and i.value]
    return f"record {listed(numbers)}" if numbers else f"record number {NOT_STATED}"


def user_words(name: str) -> str:
    return plain(name) or "Name not given by the EHR"
