"""What may be written to the EHR about one item: an order to be signed, a task, a line for the visit summary.

Data and types; the EHR adapter authors the resources. Only what is ordered has an order: what is given or asked in the
room has none. Codes are LOINC, where the act has one of its own; the EHR's order catalogue is the practice's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.core.chart import Coding, Fact
from app.core.flag import Card, State
from app.core.schedule.acts import act_of
from app.core.schedule.row import Owner
from app.core.sensitive import of_card
from app.core.terminology import LOINC

ORDER, TASK, LINE = "ServiceRequest", "Task", "DocumentReference"
#: How long a task has, where nothing says until when.
TASK_DAYS = 14


@dataclass(frozen=True, slots=True)
class Orderable:
    """One thing that can be ordered. Without a coding its words are what a person orders by."""

    words: str
    coding: Coding | None = None


def _loinc(words: str, code: str, display: str) -> Orderable:
    return Orderable(words, Coding(LOINC, code, display))


_HBA1C = _loinc("HbA1c", "4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood")
_EGFR = _loinc(
    "eGFR from creatinine", "98979-8", "Glomerular filtration rate/1.73 sq M.predicted by Creatinine (CKD-EPI 2021)"
)
_UACR = _loinc("Urine albumin-creatinine ratio", "9318-7", "Albumin/Creatinine [Mass Ratio] in Urine")
_MAMMOGRAM = _loinc("Screening mammogram", "24606-6", "MG Breast Screening")
_FIT = _loinc("Stool test (FIT)", "29771-3", "Hemoglobin.gastrointestinal.lower [Presence] in Stool by Immunoassay")

#: What each act orders; an act that is not here orders nothing.
ORDERABLES: Mapping[str, tuple[Orderable, ...]] = {
    "order-hba1c": (_HBA1C,),
    "order-kidney-tests": (_EGFR, _UACR),
    "order-egfr": (_EGFR,),
    "order-urine-albumin": (_UACR,),
    "refer-eye-exam": (Orderable("Referral: diabetic eye exam"),),
    "order-mammogram": (_MAMMOGRAM,),
    "offer-colorectal-screening": (_FIT,),
    "order-breast-work-up": (Orderable("Diagnostic breast imaging after an abnormal screening"),),
    "order-follow-up-colonoscopy": (Orderable("Colonoscopy after an abnormal stool test"),),
    "refer-colposcopy": (Orderable("Referral: colposcopy"),),
}


@dataclass(frozen=True, slots=True)
class Write:
    """One resource to be authored. `id` is stable: the identifier that finds it again at the EHR."""

    kind: str  # ORDER | TASK | LINE
    id: str
    patient: str  # Patient/…
    encounter: str  # Encounter/…
    author: str  # Practitioner/…; empty where the EHR does not say that the user is one
    author_name: str
    at: datetime
    words: str  # what is ordered or to be done; of a line: the whole text
    coding: Coding | None = None
    reason: str = ""
    owner: str = ""  # of a task: the role in words
    due: date | None = None  # of a task
    focus: str = ""  # of a task: what it is about, "ServiceRequest/1"


@dataclass(frozen=True, slots=True)
class Possible:
    """What can be drafted for a card. `there` is shown first: an active order or booking for the same act."""

    orders: tuple[Orderable, ...]
    owner: Owner
    due: date
    line: bool  # a line for the patient may be written: nothing sensitive
    there: Fact | None = None
    overdue: Fact | None = None


def possible(card: Card, today: date, age: int | None) -> Possible:
    """What a card leaves to draft. Nothing is ordered twice by us: where an order runs, only a task is offered."""
    row = card.main
    running = next((each.settled_by for each in card.rows if each.state is State.ORDERED and each.settled_by), None)
    asks = row.state in (State.DO_TODAY, State.OUT_OF_RANGE)
    due = row.clinical_due if row.clinical_due and row.clinical_due > today else today + timedelta(days=TASK_DAYS)
    return Possible(
        orders=ORDERABLES.get(row.act, ()) if asks and running is None else (),
        owner=act_of(row).owner,
        due=due,
        line=asks and of_card(card, age) is None,
        there=running,
        overdue=next((each.overdue for each in card.rows if each.overdue), None),
    )
