"""The tenants of the sandbox EHR: each is one way in which real authorization servers differ, as data.

All of them serve the same charts. Every tenant knows one client, Chartside, with one redirect_uri; some know it
without a user too. Tests may hand further tenants to `create_ehr`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

CLIENT_ID = "chartside"
SYSTEM_CLIENT_ID = "chartside-system"  # the same app without a user, registered apart


class Auth(StrEnum):
    """Client authentication (token_endpoint_auth_method, RFC 8414)."""

    NONE = "none"
    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    PRIVATE_KEY_JWT = "private_key_jwt"


class Refresh(StrEnum):
    ROTATE = "rotate"  # each refresh token works once; a used one ends the whole grant
    KEEP = "keep"  # the response has no new refresh token; the old one stays
    NONE = "none"  # never issued, whatever was asked


class FhirUser(StrEnum):
    """The form of the fhirUser claim."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"
    MISSING = "missing"
    PATIENT = "patient"  # a patient is signed in, not a practitioner


class Listing(StrEnum):
    """How its Appointments can be searched; its CapabilityStatement says so truly."""

    PORTABLE = "portable"  # by everything that R4 has
    ONE_OF = "one-of"  # exactly one of patient, practitioner, location
    LOCATION = "location"  # by patient or location only
    UNDECLARED = "undeclared"  # takes `practitioner` without declaring it, and answers nothing
    ABSENT = "absent"  # no Appointment at all
    BOOKED = "booked"  # by patient; the day comes from a call of its own
    PATIENT = "patient"  # by patient only
    TYPED = "typed"  # bare ids and whole days answer nothing


#: What can be written here at all.
WRITABLE = ("ServiceRequest", "Task", "DocumentReference")


@dataclass(frozen=True, slots=True)
class Tenant:
    """One EHR installation with its own issuer. The defaults are the well-behaved public client."""

    id: str
    note: str  # one line for the person choosing
    name: str = "Sandbox EHR"
    look: str = "slate"
    timezone: str = "America/New_York"
    auth: Auth = Auth.NONE
    client_secret: str = ""
    assertion_alg: str = ""
    smart_configuration: bool = True  # False: endpoints only in the CapabilityStatement's oauth-uris (SMART 1)
    scope_versions: tuple[str, ...] = ("v1", "v2")
    trims: tuple[str, ...] = ()  # resource types whose scopes are dropped without a word
    access_seconds: int = 3600
    refresh: Refresh = Refresh.ROTATE
    revocation: bool = True
    id_token_alg: str = "RS256"
    id_token_kid: bool = True
    issuer_is_base: bool = True  # False: the id_token's issuer is <tenant>/oauth2, as discovery says
    fhir_user: FhirUser = FhirUser.RELATIVE
    banner_as_text: bool = False  # need_patient_banner as the string "false"
    patient_in_token: bool = True  # False: the encounter only
    page_size: int = 50
    listing: Listing = Listing.PORTABLE
    user_types: tuple[str, ...] = ()  # all that user/ scopes are granted for; empty: whatever is asked
    backend: bool = False  # SMART Backend Services for the client SYSTEM_CLIENT_ID
    creates: tuple[str, ...] = WRITABLE  # resource types whose create scopes are granted


_TABLE = (
    Tenant("main", "Public client with PKCE; everything by the book", backend=True),
    Tenant("basic", "Client secret in the Authorization header", auth=Auth.BASIC, client_secret="sandbox-basic-secret"),
    Tenant("post", "Client secret in the form", auth=Auth.POST, client_secret="sandbox-post-secret"),
    Tenant("rs384", "private_key_jwt, RS384", auth=Auth.PRIVATE_KEY_JWT, assertion_alg="RS384"),
    Tenant("es384", "private_key_jwt, ES384", auth=Auth.PRIVATE_KEY_JWT, assertion_alg="ES384", scope_versions=("v2",)),
    Tenant("v1", "SMART 1: v1 scopes, endpoints in /metadata", smart_configuration=False, scope_versions=("v1",)),
    Tenant(
        "second",
        "Another EHR: absolute fhirUser, its own issuer",
        name="Harborlight EHR",
        look="plum",
        timezone="America/Chicago",
        scope_versions=("v2",),
        fhir_user=FhirUser.ABSOLUTE,
        issuer_is_base=False,
    ),
    # 2026-11, Oracle Health: granted scopes are trimmed without an error when registration and request disagree.
    Tenant(
        "trimmed",
        "Drops Coverage, Procedure, Flag and all write scopes silently",
        trims=("Coverage", "Procedure", "Flag"),
        creates=(),
    ),
    # 2026-11, most vendors: an app is registered to read; writing orders or tasks takes another agreement.
    Tenant("readonly", "Grants no write scope", creates=()),
    # 2026-11, Oracle Health: 570-second tokens make refresh normal; these make it quick to watch.
    Tenant("shortlived", "20-second tokens, refresh tokens rotate", access_seconds=20),
    Tenant("norefresh", "20-second tokens and no refresh", access_seconds=20, refresh=Refresh.NONE, revocation=False),
    # 2026-11, smart-launcher-v2: the same refresh token works for ever.
    Tenant("norotate", "20-second tokens, the refresh token stays", access_seconds=20, refresh=Refresh.KEEP),
    # 2026-11, Medplum: ES256. smart-launcher-v2: no kid in the header.
    Tenant("es256", "id_token ES256 without kid", id_token_alg="ES256", id_token_kid=False),
    # 2026-11, Epic: the issuer is …/oauth2, fhirUser is absolute.
    Tenant("issuer", "id_token issuer is not the FHIR base", issuer_is_base=False, fhir_user=FhirUser.ABSOLUTE),
    Tenant("nofhiruser", "No fhirUser claim", fhir_user=FhirUser.MISSING),
    # 2026-11, Epic: need_patient_banner is the string "false".
    Tenant("textbanner", 'need_patient_banner as the string "false"', banner_as_text=True),
    # 2026-11, Medplum: an encounter launch returns encounter and no patient.
    Tenant("encounteronly", "Token names the encounter, not the patient", patient_in_token=False),
    Tenant("patientuser", "A patient is signed in: must be refused", fhir_user=FhirUser.PATIENT),
    Tenant("smallpages", "Five resources a page", page_size=5),
    # 2026-11, Oracle Health: one of patient, practitioner, location; two bounds with time and offset; no _include.
    Tenant("oneof", "Schedule by exactly one of patient, practitioner, location", listing=Listing.ONE_OF),
    # 2026-11, athenaPractice: whoever asks across patients must name a location.
    Tenant("bylocation", "Schedule by location only", listing=Listing.LOCATION),
    # 2026-11, OpenEMR 8.2.0: 200 and nothing for a parameter that it does not declare.
    Tenant("undeclared", "Schedule: practitioner is not declared and answers nothing", listing=Listing.UNDECLARED),
    # 2026-11, NextGen Enterprise: 28 types, no Appointment.
    Tenant("noschedule", "No Appointment at all", listing=Listing.ABSENT),
    # 2026-11, athenaOne: the day comes from GET /v1/<practice>/appointments/booked.
    Tenant("booked", "Schedule by a call of its own (booked appointments)", listing=Listing.BOOKED),
    # 2026-11, Epic: Appointment is searched by patient.
    Tenant("worklist", "Appointments by patient only; the practice has a worklist file", listing=Listing.PATIENT),
    # 2026-11, several vendors: an app is registered for single types of the user's, and the chart stays the patient's.
    Tenant(
        "onechart",
        "Lists a schedule and opens no chart but the launch's",
        user_types=("Appointment", "Practitioner", "PractitionerRole", "Organization", "Location"),
    ),
    # 2026-11, Medplum: an instant is never inside a bare day, and bare ids of several types match nothing.
    Tenant("typed", "Schedule: bare ids and whole days answer nothing", listing=Listing.TYPED),
)

TENANTS: Mapping[str, Tenant] = {tenant.id: tenant for tenant in _TABLE}
