"""The visit that is going on: by voice alone nobody is seen, so no prompt is expanded."""

import pytest

from app.core.chart import Concept, Fact
from app.core.visit import Visit
from tests.core.made import TODAY, build, category, chart, fact, icd, payer

CATEGORIES = [category("37", "Diabetes with complications", "E11.22"), category("226", "Heart failure", "I50.9")]
#: A condition on the list that nothing supports: a candidate for removal.
LISTED = fact("Condition", icd("I63.9", "Stroke"), "2019-01-01", category=("problem-list-item",))


def visited(text: str, setting: str = "VR") -> Fact:
    return fact("Encounter", Concept(text=text), TODAY.isoformat(), setting=setting, status="in-progress")


@pytest.mark.parametrize(
    ("text", "setting", "expanded"),
    [
        ("Telephone visit", "VR", False),
        ("Telehealth, audio only", "VR", False),
        ("Phone call with the patient", "VR", False),
        ("Video visit", "VR", True),
        ("Video visit, telephone as a fallback", "VR", True),
        ("Telehealth", "VR", True),  # not said: nothing is ruled out
        ("Office visit; reminded by telephone", "AMB", True),
    ],
)
def test_audio_only_visits_expand_no_prompts_and_count_them(text: str, setting: str, expanded: bool) -> None:
    encounter = visited(text, setting)
    visit = Visit(TODAY, setting, encounter.ref)
    made = build(chart(encounter, LISTED), payer([], CATEGORIES), visit=visit)
    assert bool(made.prompts) is expanded
    seen = build(chart(LISTED), payer([], CATEGORIES))
    assert len((*made.prompts, *made.more_prompts)) == len((*seen.prompts, *seen.more_prompts))


def test_who_knows_that_it_is_a_call_says_so() -> None:
    made = build(chart(LISTED), payer([], CATEGORIES), visit=Visit(TODAY, "VR", audio_only=True))
    assert (made.prompts, bool(made.more_prompts)) == ((), True)
    assert build(chart(), payer([], CATEGORIES)).prompts
