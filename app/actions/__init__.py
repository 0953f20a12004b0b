"""Use case: what a person records here: who, in which role, about whom, and why. Nothing is sent from here: what is to
leave is written into the outbox, in the same transaction.

Each function asks whether the role may, and commits the change with its audit record. A second tap on the same button
finds the change made, and changes nothing.
"""

from app.actions.actor import Actor
from app.actions.desk import Actions, PrivacyDesk
from app.store.held import Decision, Held
from app.store.restrictions import Restriction
from app.store.said import Person, Said

__all__ = ["Actions", "Actor", "Decision", "Held", "Person", "PrivacyDesk", "Restriction", "Said"]
