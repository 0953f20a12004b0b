"""The outbox: everything that leaves, from the moment it is decided until it has, and what came of it.

The rows are the truth, whatever becomes of a job or a process. Who takes rows has them until the lease is over. What
shares one write (all remarks of one report) shares `together`, and is taken together. Every change of a row that people
are told of takes the audit record that it commits with.

    put -> HELD -- release -> WAITING -- take, against, sent -> SENT -- to_follow, judge
    HELD, WAITING -- withdraw -> WITHDRAWN        WAITING -- later -> WAITING, dead -> DEAD -- resend -> WAITING
"""

from app.store.outbox.following import follow, judge, to_follow
from app.store.outbox.leaving import against, claim, dead, due, later, resend, sent, take
from app.store.outbox.parcel import Listed, Parcel, Taken
from app.store.outbox.putting import put, release, withdraw
from app.store.outbox.reading import (
    contradicted,
    counted_own,
    find,
    listed,
    of_action,
    of_patient,
    of_patients,
    of_visit,
)

__all__ = [
    "Listed",
    "Parcel",
    "Taken",
    "against",
    "claim",
    "contradicted",
    "counted_own",
    "dead",
    "due",
    "find",
    "follow",
    "judge",
    "later",
    "listed",
    "of_action",
    "of_patient",
    "of_patients",
    "of_visit",
    "put",
    "release",
    "resend",
    "sent",
    "take",
    "to_follow",
    "withdraw",
]
