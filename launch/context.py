"""The launch context: what a token response and an id_token say, in our types. Pure; garbage becomes None, no error.

SMART App Launch 2.2, "Scopes for requesting context data". Every field is optional and every type may be wrong
(2026-11: Epic sends `need_patient_banner` as the string "false", others send numbers as strings).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from launch.registry import is_safe_endpoint

JsonObject: TypeAlias = Mapping[str, Any]

STAFF = ("Practitioner", "PractitionerRole")
_MAX_TEXT = 512
_MAX_FIELDS = 40
_MAX_LIFE = 366 * 86_400
_ID = re.compile(r"[A-Za-z0-9\-._]{1,128}")  # FHIR ids end at 64; 2026-11, some EHRs exceed it
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_READ_ELSEWHERE = {"scope", "patient", "encounter", "need_patient_banner", "intent", "fhirContext", "smart_style_url"}
_PROTOCOL = {"token_type", "expires_in", "expires_at", "state", "id_token"}
_SECRET = re.compile(r"token|secret|assertion|password|^code", re.IGNORECASE)
_STANDARD_CLAIMS = ("sub", "name", "given_name", "family_name", "preferred_username", "fhirUser", "profile")


@dataclass(frozen=True)
class Context:
    """The part of a launch that the EHR's token response decides."""

    patient: str | None = None
    encounter: str | None = None
    need_patient_banner: bool = True  # unless told otherwise: a second banner harms nobody, a missing one may
    intent: str | None = None
    fhir_context: tuple[Mapping[str, str], ...] = ()
    tenant: str | None = None
    smart_style_url: str | None = None
    token_fields: Mapping[str, str | int | float | bool] = field(default_factory=dict)

    @classmethod
    def read(cls, said: JsonObject, base: str) -> Context:
        """The context of a token response of the EHR at `base`."""
        style = _text(said.get("smart_style_url"))
        return cls(
            patient=resource_id(said.get("patient"), "Patient"),
            encounter=resource_id(said.get("encounter"), "Encounter"),
            need_patient_banner=_banner(said.get("need_patient_banner")),
            intent=_text(said.get("intent")),
            fhir_context=_fhir_context(said.get("fhirContext")),
            tenant=_text(said.get("tenant")),
            smart_style_url=style if style and is_safe_endpoint(style, beside=base) else None,
            token_fields=_other_fields(said),
        )


@dataclass(frozen=True)
class Launch:
    """One opening of the app from an EHR, as the app may know it. Tokens are not in it."""

    handle: str
    ehr: str  # entry id
    ehr_name: str
    issuer: str  # FHIR base, no trailing slash
    patient: str | None
    encounter: str | None
    fhir_user: str | None  # "Practitioner/123"
    user_name: str
    subject: str  # id_token `sub`; empty when the EHR did not say who is signed in
    claims: Mapping[str, Any]
    token_fields: Mapping[str, Any]
    scopes: frozenset[str]  # granted, in v2 form
    missing_scopes: tuple[str, ...]
    need_patient_banner: bool
    intent: str | None
    fhir_context: tuple[Mapping[str, str], ...]
    tenant: str | None
    smart_style_url: str | None
    framed: bool | None  # None: the browser did not say
    created: datetime
    idle_until: datetime
    ends: datetime
    opened_from: str = ""  # handle of the launch that this one was opened from, and whose tokens it reads with
    back: str = ""  # where in that launch: the app's own words, opaque here

    @property
    def appointments(self) -> tuple[str, ...]:
        """The appointments that the EHR names, as "Appointment/123": by fhirContext (SMART App Launch 2.2), or in the
        token response's own field (2026-11, Epic: `appointment`, where the visit began as a scheduled one).
        """
        typed = (typed_reference(entry.get("reference")) for entry in self.fhir_context)
        ids = [each[1] for each in typed if each and each[0] == "Appointment"]
        own = resource_id(self.token_fields.get("appointment"), "Appointment")
        return tuple(dict.fromkeys(f"Appointment/{id_}" for id_ in (*ids, own) if id_))

    def dump(self) -> dict[str, Any]:
        """As JSON values."""
        kept = asdict(self)
        kept["scopes"] = sorted(self.scopes)
        for name in ("created", "idle_until", "ends"):
            kept[name] = kept[name].isoformat()
        return kept

    @classmethod
    def load(cls, kept: JsonObject) -> Launch:
        values = dict(kept)
        values["scopes"] = frozenset(values["scopes"])
        for name in ("missing_scopes", "fhir_context"):
            values[name] = tuple(values[name])
        for name in ("created", "idle_until", "ends"):
            values[name] = datetime.fromisoformat(values[name])
        return cls(**values)


def resource_id(value: Any, kind: str) -> str | None:
    """The logical id in `123`, `Patient/123` or an absolute URL of that type; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)[:_MAX_TEXT] if abs(value) < 10**40 else None
    if not isinstance(value, str):
        return None
    if "/" not in value:
        return value if _ID.fullmatch(value) and value.strip(".") else None
    reference = typed_reference(value)
    return reference[1] if reference and reference[0] == kind else None


def typed_reference(value: Any) -> tuple[str, str] | None:
    """(type, id) of a relative or absolute FHIR reference: its last two path segments, `_history` apart."""
    if not isinstance(value, str) or len(value) > 2048:
        return None
    try:
        path = urlsplit(value).path
    except ValueError:
        return None
    kind, _, id_ = path.split("/_history/")[0].rpartition("/")
    kind = kind.rpartition("/")[2]
    return (kind, id_) if _TYPE.fullmatch(kind) and _ID.fullmatch(id_) and id_.strip(".") else None


def seconds(value: Any) -> int | None:
    """`expires_in` as whole seconds, also from a string; None when it says nothing usable."""
    if isinstance(value, str):
        value = int(value) if re.fullmatch(r"\s*\d{1,12}\s*", value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(min(value, _MAX_LIFE)) if value >= 1 else None  # NaN is not >= 1


def kept_claims(claims: JsonObject, also: tuple[str, ...] = ()) -> dict[str, Any]:
    """The claims that the app may know: the standard ones about the user, and those an EHR entry names."""
    names = dict.fromkeys((*_STANDARD_CLAIMS, *also))
    return {name: claims[name] for name in names if _is_small(claims.get(name))}


def user_name(claims: JsonObject) -> str:
    """The user's name as the EHR states it, else empty."""
    full = _text(claims.get("name"))
    parts = (_text(claims.get("given_name")), _text(claims.get("family_name")))
    return (full or " ".join(filter(None, parts)) or _text(claims.get("preferred_username")) or "")[:120]


def _banner(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() not in ("false", "0", "no")
    return value is not False and value != 0 if isinstance(value, bool | int) else True


def _text(value: Any) -> str | None:
    usable = isinstance(value, str) and len(value) <= _MAX_TEXT and value.isprintable()
    return value.strip() or None if usable else None


def _fhir_context(value: Any) -> tuple[Mapping[str, str], ...]:
    """Entries as their text members; a lone object counts as a list of one."""
    entries = value if isinstance(value, list) else [value]
    read = ({k: t for k, v in e.items() if (t := _text(v))} for e in entries[:_MAX_FIELDS] if isinstance(e, dict))
    return tuple(e for e in read if e.keys() & {"reference", "canonical", "identifier"})


def _is_small(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= _MAX_FIELDS and all(_text(v) for v in value)
    return _is_scalar(value)


def _is_scalar(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_text(value))
    return isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < 1e18)


def _other_fields(said: JsonObject) -> dict[str, str | int | float | bool]:
    """Plain values that vendors add (tenant, user, username, appointment, …); nothing that looks like a secret."""
    names = [n for n in said if n not in _READ_ELSEWHERE | _PROTOCOL and not _SECRET.search(n)]
    return {n: said[n] for n in names[:_MAX_FIELDS] if len(n) <= 64 and _is_scalar(said[n])}
