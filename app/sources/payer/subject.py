"""Whom a payer's answer is about. Ids are compared only with ids of the same payer; who that is, the core compares."""

from __future__ import annotations

from app.core.chart import Patient
from app.core.report import Member
from app.sources.fhir.patient import patient
from app.sources.fhir.references import Entry, Included, reference
from app.sources.fhir.shape import Json, obj, objs, words


class Subject:
    """The member that was asked for, as one answer names them."""

    def __init__(self, member: Member) -> None:
        self._member, self._ref = member, f"Patient/{member.patient_id}"
        self.others = 0  # reports about somebody else
        self.patient: Patient | None = None

    @property
    def patient_id(self) -> str:
        """The payer's id of the person the answer is about."""
        return (self.patient and self.patient.id) or self._member.patient_id

    def owns(self, stated: object, near: Entry, included: Included) -> bool:
        """Whether a `subject` or `patient` means the member.

        By reference; by the member id only where the payer gives no id of its own, because a family may share it.
        """
        found = included.find(stated, near)
        if found is None or found.type != "Patient":
            named = obj(obj(stated).get("identifier")).get("value") if not reference(stated) else None
            return reference(stated) == self._ref or self._is_member_id(named)
        if found.id:  # nearly always, and for every report and finding of an answer: the record is read once
            if found.id != self._member.patient_id:
                return False
            self.patient = self.patient or patient(found.resource)
            return True
        record = patient(found.resource)
        ours = self._is_same_person(found.resource, record)
        if ours and self.patient is None:
            self.patient = record
        return ours

    def _is_same_person(self, resource: Json, record: Patient) -> bool:
        """A record without an id: it carries the member id, and is not a second person who does."""
        known = any(self._is_member_id(i.get("value")) for i in objs(resource.get("identifier")))
        return known and self.patient in (None, record)

    def _is_member_id(self, value: object) -> bool:
        return bool(self._member.member_id) and words(value) == self._member.member_id
