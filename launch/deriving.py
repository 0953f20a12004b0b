"""A launch opened from another one: the same user and tokens, another patient, a handle and cookie of its own. Pure.

What the EHR said of the patient in its own chart is not said of this one: no context, no `patient/` scope and no word
about the banner carries over (SMART App Launch 2.2: a `patient/` scope is bound to the patient of the launch).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from launch import scopes
from launch.context import Launch
from launch.records import Record, Tokens

#: The contexts of scopes that reach beyond the patient of the launch.
_BEYOND = ("user", "system")
_OF_THE_PATIENT = re.compile(r"patient|encounter|appointment", re.IGNORECASE)


def opens_others(granted: Iterable[str]) -> bool:
    """Whether the granted scopes let the app read a patient whose chart is not the one that is open in the EHR."""
    grants = frozenset(granted)
    return any(scopes.covers(grants, f"{context}/Patient.r") for context in _BEYOND)


def derived(
    parent: Record, handle: str, hashed: str, now: datetime, *, patient: str, encounter: str | None,
    appointment: str | None, back: str,
) -> Record:  # fmt: skip
    """The record of a launch for `patient` (a FHIR id) that reads with the tokens of `parent` and ends with it."""
    of = parent.launch
    made = replace(
        of,
        handle=handle,
        patient=patient,
        encounter=encounter,
        need_patient_banner=True,
        intent=None,
        fhir_context=({"reference": f"Appointment/{appointment}"},) if appointment else (),
        token_fields={name: said for name, said in of.token_fields.items() if not _OF_THE_PATIENT.search(name)},
        created=now,
        opened_from=of.handle,
        back=back,
    )
    return Record(narrowed(made, parent), hashed, parent.user, parent.requested, _no_tokens(now))


def narrowed(launch: Launch, parent: Record) -> Launch:
    """The derived launch with what its parent is granted by now, but for what is bound to the parent's patient."""
    granted = frozenset(scope for scope in parent.launch.scopes if not scope.startswith("patient/"))
    return replace(launch, scopes=granted, missing_scopes=scopes.missing(granted, parent.requested))


def _no_tokens(now: datetime) -> Tokens:
    """A derived launch holds none: there is one refresh token, and it is used in one place."""
    return Tokens("", None, now, None, "", "")
