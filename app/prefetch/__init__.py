"""Use case: the night before, ask the payers about the patients who are on a provider's schedule.

With the system's own token the EHR is asked for the schedules, and of each patient on them for what is needed to ask a
payer at all: who they are, their coverage, and whether something forbids it. Then the payers are asked as they are for
a launch, and their answers stand where a launch finds them in the morning. What the EHR said to the system's token is
deleted with each patient, because a user sees what their own token gives. A payer is asked through `Discreet`: what
holds anything sensitive never comes into the store.

The rows of the store are the truth: every process may work on a run, one that is killed leaves nothing but a lease,
and what was done is never asked again. Trouble with one patient is put off, and in the end left to the morning.
"""

from app.prefetch.discreet import Discreet
from app.prefetch.entry import Entry
from app.prefetch.prefetching import Prefetching

__all__ = ["Discreet", "Entry", "Prefetching"]
