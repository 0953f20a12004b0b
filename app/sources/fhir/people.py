"""Who takes part in an appointment or a visit. https://hl7.org/fhir/R4/appointment-definitions.html#Appointment.participant"""

from __future__ import annotations

from collections.abc import Mapping

from app.sources.fhir import visit_words
from app.sources.fhir.references import Entry, Included, reference
from app.sources.fhir.shape import Json, obj, objs, words
from app.sources.fhir.values import concept, names

#: PractitionerRole/… -> Practitioner/…, of roles that did not ride along.
Roles = Mapping[str, str]


class People:
    """Who takes part, each once: by reference, with the name to show. `holder`: the element that names the person.

    `unresolved` are PractitionerRoles of which nobody said whose they are. `unnamed_patient`: somebody comes, and it is
    not said which record is theirs; they keep their place all the same. `unknown`: it is not said what somebody is.

    A contained resource has an id of its own making: "#1" is not Patient/1, so nobody is taken for that record.
    """

    def __init__(self, stated: object, holder: str, near: Entry, included: Included, roles: Roles) -> None:
        self.patients: dict[str, str] = {}
        self.practitioners: dict[str, str] = {}
        self.locations: dict[str, str] = {}
        self.unresolved: list[str] = []
        self.interpreter = self.unnamed_patient = self.unknown = False
        for participant in objs(stated):
            if words(participant.get("status")) != "declined":
                self._take(participant, obj(participant.get(holder)), near, included, roles)

    def _take(self, participant: Json, actor: Json, near: Entry, included: Included, roles: Roles) -> None:
        what, ref, shown = concept(participant.get("type") or []), reference(actor), words(actor.get("display"))
        found = included.find(actor, near)
        resource = found.resource if found else {}
        own = found.ref if found and found.id and not ref.startswith("#") else ref
        kind = (found.type if found else "") or ref.partition("/")[0] or words(actor.get("type"))
        if visit_words.is_interpreter((what, concept(resource.get("code") or [])), shown if kind != "Patient" else ""):
            self.interpreter = True
            return
        match kind:
            case "Patient":
                self._patient(own, shown)
            case "Practitioner":
                self._add(self.practitioners, own, shown or _name(resource))
            case "PractitionerRole":
                person = obj(resource.get("practitioner"))
                mine = reference(person) or roles.get(ref, "")
                if mine.startswith("Practitioner/"):
                    self._add(self.practitioners, mine, words(person.get("display")) or shown)
                elif "/" in ref:
                    self.unresolved.append(ref)
            case "Location":
                self._add(self.locations, ref, shown or words(resource.get("name")))
            case _ if "/" not in ref:  # neither a reference that can be followed nor a type
                self.unknown = True

    def _patient(self, ref: str, shown: str) -> None:
        if ref.startswith("Patient/"):
            self._add(self.patients, ref, shown)
        else:
            self.unnamed_patient = True

    def _add(self, into: dict[str, str], ref: str, shown: str) -> None:
        if "/" in ref:
            into[ref] = into.get(ref) or shown


def roles_to_resolve(entry: Entry, included: Included) -> list[str]:
    """PractitionerRoles that take part and did not ride along."""
    holder = "individual" if entry.type == "Encounter" else "actor"
    return People(entry.resource.get("participant"), holder, entry, included, {}).unresolved


def _name(resource: Json) -> str:
    stated = names(resource.get("name"))
    if not stated:
        return ""
    first = stated[0]
    return first.text or " ".join(part for part in (*first.prefix, *first.given, first.family, *first.suffix) if part)
