"""Whom a payer's answer is about. Ids are compared only with ids of the same payer; who that is, the core compares."""

from __future__ import annotations

from app.core.chart import Patient
from app.core.report import Member
from app.sources.fhir.patient import patient
from app.sources.fhir.references import Entry, Included, reference
from app.sources.fhir.shape import obj, objs, words


class Subject:
    """The member that was asked for, as one answer names them."""

    def __init__(self, member: Member) -> None:
        self._member, self._ref = member, f"Patient/{member.patient_id}"
        self.others = 0  # reports about somebody else
        self.patient: Patient | None = None
        self.patient_id = member.patient_id

    def owns(self, stated: object, near: Entry, included: Included) -> bool:
        """Whether a `subject` or `patient` means the member: by reference, or by the member id that it leads to."""
        found = included.find(stated, near)
        found = found if found is not None and found.type == "Patient" else None
        ours = (
            reference(stated) == self._ref
            or (found is not None and (found.id == self._member.patient_id or self._has_member_id(found)))
            or self._is_member_id(obj(obj(stated).get("identifier")).get("value"))
        )
        if ours and found is not None:
            self._meet(found)
        return ours

    def _meet(self, found: Entry) -> None:
        if self.patient is None:
            self.patient = patient(found.resource)
            self.patient_id = self.patient.id or self._member.patient_id

    def _has_member_id(self, found: Entry) -> bool:
        return any(self._is_member_id(i.get("value")) for i in objs(found.resource.get("identifier")))

    def _is_member_id(self, value: object) -> bool:
        return bool(self._member.member_id) and words(value) == self._member.member_id
