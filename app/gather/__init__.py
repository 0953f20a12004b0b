"""Use case: ask the EHR and the payers side by side, once per launch, and keep every answer.

One dead source spoils nothing. `advance` claims and starts whatever may be asked now; `show` is the long poll, and
commits the audit of what it returns. Pool threads get plain values and return answers; one thread per process writes
them, so that no network call ever sits inside a transaction. The answer row is the single flight across processes
(README, Decisions): a second process, or a second user of the same patient, finds the lease or the answer there.

A morning schedule (`day`) asks about everybody on it in the same way, a bounded number of questions at a time.

A payer's answer passes the identity gate before it is kept, and a payer that a restriction or a hold keeps us from is
not asked at all.
"""

from app.gather.calls import EhrSource, PayerSource
from app.gather.day import Mornings
from app.gather.gathering import Gathering
from app.gather.morning import Filled
from app.gather.state import Reader, State, counts, patient_key, shown
from app.gather.tally import Tally

__all__ = [
    "EhrSource",
    "Filled",
    "Gathering",
    "Mornings",
    "PayerSource",
    "Reader",
    "State",
    "Tally",
    "counts",
    "patient_key",
    "shown",
]
