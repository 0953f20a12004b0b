"""Use case: ask the EHR and the payers side by side, once per launch, and keep every answer.

One dead source spoils nothing. `advance` claims and starts whatever may be asked now; `show` is the long poll, and
commits the audit of what it returns. Pool threads get plain values and return answers; one thread per process writes
them, so that no network call ever sits inside a transaction. The answer row is the single flight across processes
(README, Decisions): a second process, or a second user of the same patient, finds the lease or the answer there.

A payer's answer passes the identity gate before it is kept, and a payer that a restriction or a hold keeps us from is
not asked at all.
"""

from app.gather.calls import EhrSource, PayerSource
from app.gather.gathering import Gathering
from app.gather.state import Reader, State, patient_key

__all__ = ["EhrSource", "Gathering", "PayerSource", "Reader", "State", "patient_key"]
