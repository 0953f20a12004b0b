"""Exclusions that all measures of this registry share.

Hospice is not here: it is read once for the whole panel (`app.core.status`). Living in a nursing home for long, and
frailty with advanced illness, are not checked yet: the payer's own exclusions stand for them, and each rule's
`population` says so.
"""

from __future__ import annotations

from app.core.measures.rule import Exclusion
from app.core.terminology import HCPCS, ICD10CM, codes

PALLIATIVE_DIAGNOSIS = Exclusion("palliative care", ("Condition",), (codes(ICD10CM, "Z51.5"),), ever=False)
PALLIATIVE_SERVICE = Exclusion(
    "palliative care", ("Encounter", "Procedure"), (codes(HCPCS, "G9054", "M1017"),), ever=False
)
PALLIATIVE = (PALLIATIVE_DIAGNOSIS, PALLIATIVE_SERVICE)

ECQM_2026 = "https://ecqi.healthit.gov/ecqm/ec/2026"
NOT_CHECKED = "age, diagnosis, nursing home and frailty are the payer's to judge"
