"""Who our patient is at a payer: by the member id of their Coverage, else by HRex `$member-match`.

Payer ids are not EHR ids. Nothing here decides whether the person found is the right one: the core compares what comes
back with the chart before anything of it is shown. HRex 1.2 "Member Match"; what we author is built by fhirclient.
"""

from __future__ import annotations

from typing import Any

from fhirclient.models.coverage import Coverage as CoverageModel
from fhirclient.models.fhirabstractbase import FHIRValidationError
from fhirclient.models.parameters import Parameters
from fhirclient.models.patient import Patient as PatientModel

from app.core.chart import Coverage, Identifier, Patient
from app.core.report import Member
from app.sources.errors import NotAllowed, NotFound, NotIdentified, Refused, SourceError
from app.sources.fhir.bundles import Outcomes, Rejects, matches
from app.sources.fhir.patient import patient as patient_of
from app.sources.fhir.references import reference
from app.sources.fhir.shape import Json, obj, objs, words
from app.sources.fhir.values import identifier
from app.sources.payer import later
from app.sources.payer.asking import Asking
from app.sources.payer.entry import PayerEntry
from app.sources.urls import instance

_MATCH_PROFILE = "http://hl7.org/fhir/us/davinci-hrex/StructureDefinition/hrex-parameters-member-match-in"
_V2_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
_MOST_TRIES = 4


def find(patient: Patient, coverage: Coverage, entry: PayerEntry, asking: Asking) -> Member:
    """The member. Raises NotIdentified when the payer does not know them.

    A payer may offer only one of the two ways; when it refuses both, that is its trouble and not an unknown member.
    """
    refusals: list[SourceError] = []
    found: Member | None = None
    for way in (_by_identifier, _by_match):
        try:
            answered = way(patient, coverage, entry, asking)
        except (NotAllowed, NotFound, Refused) as refusal:
            refusals.append(refusal)
            continue
        found = answered or found
        if found is not None and (found.patient is None or _same_birth_date(patient, found.patient)):
            return found
    if found is not None:
        return found  # whoever it is, the core decides with both records before it
    raise refusals[0] if len(refusals) == 2 else NotIdentified("does not know this member")


# --- by member id -----------------------------------------------------------------------------------------------------


def candidates(coverage: Coverage, entry: PayerEntry) -> list[tuple[str, str]]:
    """(system, value) of the member ids to try, most specific first; a system is "" when nothing states one."""
    stated = [(i.system, i.value) for i in coverage.member_ids]
    if coverage.subscriber_id:
        stated.append(("", coverage.subscriber_id))
    if entry.dependent_joint and coverage.dependent:
        suffix = entry.dependent_joint + coverage.dependent
        stated = [(s, v if v.endswith(suffix) else v + suffix) for s, v in stated]
    systems = entry.member_systems
    tried = [(s, value) for system, value in stated for s in (systems or (system,))]
    return list(dict.fromkeys(tried))[:_MOST_TRIES]


def _by_identifier(patient: Patient, coverage: Coverage, entry: PayerEntry, asking: Asking) -> Member | None:
    for system, value in candidates(coverage, entry):
        token = f"{_escaped(system)}|{_escaped(value)}" if system else _escaped(value)
        pages = asking.search("Patient", [("identifier", token), ("_count", "20")])
        found = [
            patient_of(entry_.resource)
            for entry_ in matches(pages.bundles, "Patient", Outcomes(), Rejects())
            if entry_.id and _has(entry_.resource, value)
        ]
        if len(found) > 1:
            found = [p for p in found if _same_birth_date(patient, p) and _shares_given_name(patient, p)]
        if len(found) == 1:
            return Member(entry.id, found[0].id, value, "identifier", found[0])
    return None


def _has(resource: Json, value: str) -> bool:
    """A server that ignores the search parameter answers with everybody."""
    return any(words(i.get("value")) == value for i in objs(resource.get("identifier")))


def _escaped(text: str) -> str:
    """FHIR R4 search 3.1.1.2: `,`, `|`, `$` and `\\` inside a value."""
    return "".join(f"\\{c}" if c in "\\,|$" else c for c in text)


def _same_birth_date(ours: Patient, theirs: Patient) -> bool:
    """Whether nothing stated contradicts it: a subscriber found by a dependent's id has another birth date."""
    a, b = ours.birth_date, theirs.birth_date
    return a is None or b is None or (a.start <= b.end and b.start <= a.end)


def _shares_given_name(ours: Patient, theirs: Patient) -> bool:
    def given(person: Patient) -> set[str]:
        return {name.casefold() for stated in person.names for name in stated.given}

    return bool(given(ours) & given(theirs))


# --- by $member-match -------------------------------------------------------------------------------------------------


def _by_match(patient: Patient, coverage: Coverage, entry: PayerEntry, asking: Asking) -> Member | None:
    body = match_request(patient, coverage)
    if body is None:
        return None
    try:
        reply = later.finished(asking.http, lambda: asking.http.post("Patient/$member-match", body))
    except Refused:
        return None  # 422: no match, or more than one
    member_id, patient_id = "", ""
    for parameter in objs(reply.get("parameter")):
        if parameter.get("name") == "MemberIdentifier" and (found := identifier(obj(parameter.get("valueIdentifier")))):
            member_id = found.value
        if parameter.get("name") == "MemberId":
            patient_id = reference(parameter.get("valueReference")).removeprefix("Patient/")
    if not patient_id:
        return None
    return Member(entry.id, patient_id, member_id or _sent(coverage), "member-match", _record(patient_id, asking))


def _record(patient_id: str, asking: Asking) -> Patient | None:
    """The payer's own record; None when we may not read it."""
    try:
        resource = asking.http.get(instance("Patient", patient_id))
    except (NotAllowed, NotFound, Refused):
        return None
    return patient_of(resource) if words(resource.get("id")) == patient_id else None


def match_request(patient: Patient, coverage: Coverage) -> Json | None:
    """The Parameters of `$member-match`: identity and this one coverage, nothing else of the chart.

    None when what we know does not make a valid request (no name, no payor).
    """
    ours = "#patient"
    try:
        member_patient = PatientModel(_patient_json(patient, coverage)).as_json()
        to_match = CoverageModel(_coverage_json(coverage, ours)).as_json()
        request: Json = Parameters(
            {
                "meta": {"profile": [_MATCH_PROFILE]},
                "parameter": [
                    {"name": "MemberPatient", "resource": member_patient},
                    {"name": "CoverageToMatch", "resource": to_match},
                ],
            }
        ).as_json()
    except FHIRValidationError:
        return None
    return request


def _patient_json(patient: Patient, coverage: Coverage) -> Json:
    names = [
        _stated(use=n.use, family=n.family, given=list(n.given), text=n.text)
        for n in patient.names
        if n.family or n.given or n.text
    ]
    born = patient.birth_date
    return _stated(
        resourceType="Patient", id="patient", name=names, gender=patient.sex, birthDate=born.text if born else "",
        identifier=[_member_identifier(i) for i in coverage.member_ids],
    )  # fmt: skip


def _coverage_json(coverage: Coverage, beneficiary: str) -> Json:
    return _stated(
        resourceType="Coverage",
        status=coverage.status or "active",
        identifier=[_member_identifier(i) for i in coverage.member_ids],
        subscriberId=coverage.subscriber_id,
        dependent=coverage.dependent,
        beneficiary={"reference": beneficiary},
        relationship=_stated(coding=[{"code": coverage.relationship}]) if coverage.relationship else None,
        period=_stated(
            start=coverage.start.text if coverage.start else None,
            end=coverage.end.text if coverage.end else None,
        ),
        payor=list(filter(None, [_payor(coverage)])),
    )


def _payor(coverage: Coverage) -> Json:
    named = next(iter(coverage.payor_identifiers), None)
    stated = _stated(system=named.system, value=named.value) if named else None
    return _stated(display=next(iter(coverage.payors), ""), identifier=stated)


def _member_identifier(stated: Identifier) -> Json:
    kind = {"coding": [{"system": _V2_TYPES, "code": "MB"}]}
    return _stated(type=kind, system=stated.system, value=stated.value)


def _stated(**elements: Any) -> Json:
    """A JSON object of what is stated; FHIR allows no empty elements."""
    return {name: value for name, value in elements.items() if value not in (None, "", [], {})}


def _sent(coverage: Coverage) -> str:
    return next((i.value for i in coverage.member_ids), coverage.subscriber_id)
