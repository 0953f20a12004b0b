"""What several measures share: who publishes them, whom they cover, and the patient statuses that take somebody out.

The FHIR form of the 2026 measures (version 1.0.000), with their logic and value sets, is published at
https://github.com/cqframework/dqm-content-qicore-2025.

Hospice is not here: it is read once for the whole panel (`app.core.status`), and all of these measures leave hospice
patients out.
"""

from __future__ import annotations

from datetime import date

from app.core.flag import StatusKind
from app.core.measures.rule import Out
from app.core.report import Period
from app.core.terminology import ICD10CM, CodeSet, below

ECQM_2026 = "https://ecqi.healthit.gov/ecqm/ec/2026"
YEAR_2026 = Period(date(2026, 1, 1), date(2026, 12, 31))
YEARS_2025_2026 = Period(date(2025, 1, 1), date(2026, 12, 31))

#: Type 1, type 2 and other specified diabetes, and diabetes in pregnancy that was there before it.
DIABETES: CodeSet = below(ICD10CM, "E10", "E11", "E13", "O24.0", "O24.1", "O24.3", "O24.8")

PALLIATIVE = Out(StatusKind.PALLIATIVE)
NURSING_HOME = Out(StatusKind.NURSING_HOME, ages=(66, None))
FRAIL = Out(StatusKind.FRAILTY, ages=(66, None))
#: Palliative care; from 66 on also a long stay in a nursing home, or frailty with an advanced illness.
SENIORS = (PALLIATIVE, NURSING_HOME, FRAIL)
