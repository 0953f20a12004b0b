"""Every story: it loads on any day, its resources are FHIR, its ends meet, and it is made up from end to end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fhirclient.models import fhirelementfactory
from payer_client import PayerHouse, bundles

from app.core.answers import Reason
from app.core.flag import PromptState, SourceState, State
from sandbox_config import scenario as stories
from sandbox_config.faults import checked as ehr_faults
from sandbox_config.payer.catalogue import MEASURES
from sandbox_config.payer.faults import checked as payer_faults
from sandbox_config.payer.style import style_of
from sandbox_config.scenario import COMMON, CONNECTED, Scenario, ScenarioError, load_all

DAYS = [date(2026, 11, 22), date(2027, 1, 1), date(2026, 12, 31), date(2028, 2, 29), date(2026, 3, 8), date(2029, 7, 4)]
IDS = {
    "abnormal-cervical", "abnormal-mammogram", "abnormal-stool-alone", "booked", "both-models", "cervical",
    "changed-since", "chart-partial", "claims-too-old", "closed-in-chart", "consent-deny", "consent-unreadable",
    "coverage-refused", "deceased", "does-not-apply", "done-elsewhere", "due-later", "empty-name", "every-category",
    "eye-exam", "flag-restriction", "flu", "frailty-advanced-illness", "historic-and-suspected", "hospice",
    "hostile-next", "inverse-measure", "kidney-evaluation", "leap-day", "many-names", "medication-reconciliation",
    "member-unknown", "morning-discharged", "morning-double-booked", "morning-frequent-ed", "morning-group-1",
    "morning-group-2", "morning-new-patient", "morning-overdue", "morning-phone", "morning-similar-name",
    "morning-video", "morning-walk-in", "no-birth-date", "no-coverage", "non-latin-name", "not-connected",
    "nothing-open", "nursing-home", "one-open-gap", "ordered-by-whom", "out-of-range", "outside-record", "own-model",
    "palliative", "payer-down", "payer-rejects", "payer-slow", "payers-disagree", "pneumococcal",
    "positive-depression-screen", "pregnancy-and-statin", "removal-candidate", "script-text", "sensitive-evidence",
    "settled-by-visit", "several-rates", "shape-fqm-execution", "shape-hapi", "statin", "superseded-category",
    "three-contracts", "token-expires", "two-dialects", "two-payers", "vendor-field", "would-reopen", "wrong-patient",
}  # fmt: skip


@cache
def told(day: date = DAYS[0]) -> dict[str, Scenario]:
    return load_all(day)


each_story = pytest.mark.parametrize("name", sorted(IDS))


def resources(scenario: Scenario) -> Iterator[dict[str, Any]]:
    yield from scenario.chart
    yield from (side.patient for side in scenario.payers.values())


def strings(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for value in tree.values():
            yield from strings(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from strings(value)
    elif isinstance(tree, str):
        yield tree


def actor(story: Scenario, kind: str) -> str:
    """Who takes part in a story's own appointment."""
    actors = (one["actor"].get("reference", "") for one in next(story.of("Appointment"))["participant"])
    return next(ref for ref in actors if ref.startswith(f"{kind}/"))


def test_every_story_that_was_promised_is_told() -> None:
    assert set(told()) == IDS


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_every_story_can_be_told_on_any_day(day: date) -> None:
    loaded = told(day)
    assert set(loaded) == IDS
    starts = [next(story.of("Appointment"))["start"] for story in loaded.values()]
    whose = [(actor(story, "Practitioner"), start) for story, start in zip(loaded.values(), starts, strict=True)]
    assert len(set(whose)) == len(whose) - 2, "one group visit and one double booking, both on one day"
    assert starts == sorted(starts)
    assert all(start.startswith(day.isoformat()) for start in starts)


@pytest.mark.parametrize("day", [DAYS[0], DAYS[3]], ids=str)  # the shape is the same on every day (below)
@each_story
def test_every_resource_parses_strictly(name: str, day: date) -> None:
    for resource in resources(told(day)[name]):
        fhirelementfactory.FHIRElementFactory.instantiate(resource["resourceType"], resource)


def test_the_staff_and_the_place_parse_strictly() -> None:
    for resource in COMMON.resources():
        fhirelementfactory.FHIRElementFactory.instantiate(resource["resourceType"], resource)


@pytest.mark.parametrize("payer", CONNECTED)
def test_everything_that_a_payer_composes_parses_strictly(payer: str) -> None:
    broken = {"every-category"}  # one group of its report cannot be read
    fine = {name: story for name, story in told().items() if not story.payer_faults and name not in broken}
    house = PayerHouse(payer, fine)
    deqm = style_of(payer, payer, "").deqm
    measures = {"measureUrl": [measure.url for measure in MEASURES[payer].values() if not measure.model]}
    for story in (s for s in fine.values() if payer in s.payers):
        patient = story.payers[payer].patient["id"]
        found = bundles(house.gaps(patient, deqm.statuses, **(measures if deqm.needs_measures else {})))
        found.append(house.any_risk(patient))
        for bundle in found:
            fhirelementfactory.FHIRElementFactory.instantiate(bundle["resourceType"], bundle)


@each_story
def test_references_within_a_chart_lead_somewhere(name: str) -> None:
    story = told()[name]
    known = {f"{r['resourceType']}/{r['id']}" for r in (*story.chart, *COMMON.resources())}
    known |= {
        f"Patient/{other.patient_id}" for other in told().values() if other.appointment_id == story.appointment_id
    }
    assert len({f"{r['resourceType']}/{r['id']}" for r in story.chart}) == len(story.chart)
    for resource in story.chart:
        for found in re.findall(r'"reference": "([^"]+)"', json.dumps(resource)):
            assert found in known, f"{resource['resourceType']}/{resource['id']} -> {found}"


@each_story
def test_everything_in_a_chart_is_about_its_patient(name: str) -> None:
    story = told()[name]
    own = f"Patient/{story.patient_id}"
    for resource in story.chart[1:]:
        about: Any = resource.get("subject") or resource.get("patient") or resource.get("beneficiary")
        if resource["resourceType"] == "Appointment":
            assert own in [one["actor"].get("reference") for one in resource["participant"]]
        else:
            assert about["reference"] == own


@each_story
def test_the_payers_ids_are_not_the_charts(name: str) -> None:
    story = told()[name]
    for side in story.payers.values():
        assert side.patient["id"] != story.patient_id
        assert side.patient["identifier"][0]["value"] == side.member_id


@each_story
def test_a_visit_is_in_progress_today_unless_nobody_can_be_seen(name: str) -> None:
    story = told()[name]
    going_on = [e["id"] for e in story.of("Encounter") if e["status"] == "in-progress"]
    assert going_on == ([story.encounter_id] if story.encounter_id else [])
    assert bool(story.encounter_id) == (name != "deceased" and story.topic != "morning")
    today = next(story.of("Appointment"))
    assert today["status"] == ("checked-in" if story.encounter_id else "arrived" if "meta" in today else "booked")


@each_story
def test_nothing_is_recorded_before_it_happened(name: str) -> None:
    """What is told as past lies before tomorrow, so that no chart holds a result from the future."""
    for resource in told()[name].chart:
        for key in ("effectiveDateTime", "recordedDate", "onsetDateTime", "performedDateTime", "occurrenceDateTime"):
            assert resource.get(key, "")[:10] <= DAYS[0].isoformat(), f"{resource['id']}: {key}"


@each_story
def test_what_a_story_expects_is_said_in_the_products_words(name: str) -> None:
    expect = told()[name].expect
    assert set(expect) == {"gaps", "prompts", "sources", "says", "never", "clear"}
    for row in expect["gaps"]:
        assert set(row) == {"payer", "service contains", "state"}
        assert row["state"] in set(State)
        assert row["payer"] in {"", *told()[name].payers}
    for row in expect["prompts"]:
        assert set(row) == {"label contains", "state"}
        assert row["state"] in set(PromptState)
    for row in expect["sources"]:
        assert {"key", "state"} <= set(row) <= {"key", "state", "reason"}
        assert row["state"] in set(SourceState)
        assert row.get("reason", Reason.DOWN) in set(Reason)
    assert not (expect["clear"] and expect["gaps"])
    assert expect["clear"] == ("No open gaps" not in expect["never"] and not expect["gaps"])


@each_story
def test_faults_and_measures_exist(name: str) -> None:
    story = told()[name]
    ehr_faults(story.ehr_faults)
    for payer, names in story.payer_faults.items():
        assert payer in story.payers
        payer_faults(names)
    for payer, side in story.payers.items():
        assert {gap["measure"] for gap in side.gaps} <= set(MEASURES[payer])
        assert {report["model"] for report in side.risk} <= set(MEASURES[payer])


OURS = re.compile(r"https?://(?:[a-z-]+\.)?[a-z]+\.example(?:/|$)")
STANDARDS = (
    "http://hl7.org/", "http://terminology.hl7.org/", "http://loinc.org", "http://snomed.info/sct", "http://nucc.org/",
    "http://unitsofmeasure.org", "http://www.nlm.nih.gov/research/umls/rxnorm",
)  # fmt: skip


@each_story
def test_nothing_looks_like_a_real_person_or_place(name: str) -> None:
    for text in strings(list(resources(told()[name]))):
        for url in re.findall(r"https?://\S+", text):
            assert OURS.match(url) or url.startswith(STANDARDS), url
        assert not re.search(r"[\w.]+@[\w.]+\.\w+", text), text
        assert not re.search(r"\b\d{3}-\d{2}-\d{4}\b", text), "looks like a social security number"
        for phone in re.findall(r"\(\d{3}\) \d{3}-\d{4}", text):
            assert phone.startswith("(555) 555-01"), phone


def test_provider_numbers_cannot_be_real_and_add_up() -> None:
    for resource in COMMON.resources():
        for identifier in resource.get("identifier", ()):
            if identifier["system"].endswith("us-npi"):
                digits = [int(d) for d in "80840" + identifier["value"]]
                doubled = [d * 2 - 9 * (d > 4) for d in digits[-2::-2]]
                assert identifier["value"].startswith("9")
                assert (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


@each_story
def test_a_story_means_the_same_on_every_day(name: str) -> None:
    """Statuses, codes and numbers do not depend on the date; only dates do."""

    def undated(scenario: Scenario) -> str:
        return re.sub(
            r"\d{4}-\d\d-\d\d(T[\d:+-]+)?", "date", json.dumps([scenario.chart, scenario.story, scenario.title])
        )

    assert undated(told()[name]) == undated(told(DAYS[1])[name]) == undated(told(DAYS[3])[name])


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_dates_that_a_story_turns_on_stay_on_their_side(day: date) -> None:
    loaded, year = told(day), str(day.year)

    def results(name: str, code: str) -> dict[float, str]:
        found = (o for o in loaded[name].of("Observation") if o["code"]["coding"][0]["code"] == code)
        return {o["valueQuantity"]["value"]: o["effectiveDateTime"] for o in found}

    assert results("closed-in-chart", "4548-4")[7.2].startswith(year)
    assert results("out-of-range", "4548-4")[10.4].startswith(year)
    assert all(not on.startswith(year) for on in results("one-open-gap", "4548-4").values())
    through = loaded["closed-in-chart"].payers["northwind"].gaps[0]["through"]
    assert through < results("closed-in-chart", "4548-4")[7.2][:10]
    diagnosed = {
        c["code"]["coding"][0]["code"]: c["recordedDate"]
        for c in loaded["historic-and-suspected"].of("Condition")
        if c["category"][0]["coding"][0]["code"] == "encounter-diagnosis"
    }
    assert diagnosed["E11.22"][:4] == str(day.year - 1)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"colour": "red"}, "unknown keys"),
        ({"chart": {"problems": [{"is": "hiccups", "since": "{today}"}]}}, "no term 'hiccups'"),
        ({"chart": {"horoscope": []}}, "unknown chart sections"),
        ({"chart": {"problems": [{"is": "hypertension", "since": "{tody}"}]}}, "not a date token"),
        ({"title": None, "expect": None}, ""),
    ],
)
def test_a_story_that_cannot_be_told_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], complaint: str
) -> None:
    written = json.loads((stories.STORIES / "no-coverage.json").read_text(encoding="utf-8")) | changed
    if changed.get("expect", "") is None:
        del written["expect"]
    (tmp_path / "broken.json").write_text(json.dumps(written), encoding="utf-8")
    monkeypatch.setattr(stories, "STORIES", tmp_path)
    with pytest.raises(ScenarioError, match=f"broken.json: .*{complaint}"):
        load_all(DAYS[0])


def test_two_stories_may_not_share_a_patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = (stories.STORIES / "no-coverage.json").read_text(encoding="utf-8")
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_text(written, encoding="utf-8")
    monkeypatch.setattr(stories, "STORIES", tmp_path)
    with pytest.raises(ScenarioError, match="stands in one already"):
        load_all(DAYS[0])
