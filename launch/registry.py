"""The EHRs we answer to. Data in, yes or no out; knows nothing of HTTP.

A launch names its EHR by `iss`. Whatever is not registered is refused before any request leaves us, so this module is
the whole protection against being sent to a stranger's server: it compares strings, it never repairs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from launch.errors import ConfigurationError

AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
ASSERTION_ALGS = ("ES384", "RS384")
MAX_ISSUER = 8192  # the public launcher encodes all its options, keys included, in one path segment
SEGMENT = "{segment}"

_SEGMENT = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+"  # RFC 3986 segment-nz
_WELL_FORMED = re.compile(rf"https?://[A-Za-z0-9.\-\[\]:]+(?:/{_SEGMENT})*/?")
_HIDDEN = re.compile(r"%(?:2[ef]|5c|00)", re.IGNORECASE)  # encoded dot, slash, backslash, NUL


def is_loopback(host: str | None) -> bool:
    """Whether a host name can only mean this machine (RFC 6761 `localhost`, RFC 1122 127/8, ::1)."""
    if not host:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_safe_endpoint(url: str, *, beside: str = "") -> bool:
    """Whether tokens may be sent to `url`: https, or loopback http where the EHR itself (`beside`) is loopback."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        beside_host = urlsplit(beside or url).hostname
    except ValueError:
        return False
    if not host or "@" in parts.netloc or parts.fragment or re.search(r"[\s\\]", url):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host) and is_loopback(beside_host))


def is_well_formed(iss: str) -> bool:
    """Whether `iss` is a plain absolute http(s) URL: no userinfo, query, fragment, dot segment or hidden slash."""
    if len(iss) > MAX_ISSUER or not _WELL_FORMED.fullmatch(iss) or _HIDDEN.search(iss):
        return False
    try:
        parts = urlsplit(iss)
        _ = parts.port
    except ValueError:
        return False
    return bool(parts.hostname) and not {".", ".."} & set(parts.path.split("/"))


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL of ours or of an entry, as browsers write an origin (RFC 6454 6.2)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def bare(iss: str) -> str:
    """`iss` without its one optional trailing slash: how a FHIR base is compared and joined to."""
    return iss.removesuffix("/")


@dataclass(frozen=True)
class Ehr:
    """One registered EHR: how its launches are recognised and how we authenticate there.

    `timezone`, `unproven`, `roles`, `restrictions` and all below are carried for the app; launch does not read them.
    `claims` names id_token claims to keep beyond the standard ones, for role mapping. Quirks that launch knows:
    `sub_is_practitioner` (no fhirUser claim: `sub` is the FHIR id of a Practitioner), `scopes` ("v1" or "v2": overrides
    what the server says).
    """

    id: str
    name: str
    client_id: str
    issuer: str = ""
    issuer_pattern: str = ""
    auth: str = "none"
    client_secret: str = field(default="", repr=False)
    assertion_alg: str = "ES384"
    scopes: tuple[str, ...] = ("launch", "openid", "fhirUser")
    frame_ancestors: tuple[str, ...] = ()
    timezone: str = "UTC"
    unproven: str = ""
    quirks: Mapping[str, Any] = field(default_factory=dict)
    roles: tuple[Any, ...] = ()
    claims: tuple[str, ...] = ()
    restrictions: tuple[str, ...] = ("Consent", "Flag")  # where this EHR keeps restrictions on disclosure
    schedule: Any = None  # how a day is asked for
    providers: tuple[Any, ...] = ()  # whose days others than themselves may open
    protocols: tuple[Any, ...] = ()  # standing orders of the practice
    prefetch: Any = None  # whether tomorrow is asked for in the night
    in_flight: int = 0  # calls at once, of all processes together; 0: not limited
    per_minute: int = 0
    practice: Any = None  # who speaks for this EHR's users to payers
    writes: tuple[str, ...] = ()  # resource types that may be written here, after a tap and where the scope is granted
    sensitive: str = "hold"  # sensitive evidence: never sent to a payer ("hold"), or like any other ("send")

    def __post_init__(self) -> None:
        for wrong, problem in self._problems():
            if wrong:
                raise ConfigurationError(f"EHR entry {self.id!r}: {problem}")

    def _problems(self) -> Iterator[tuple[bool, str]]:
        yield not (self.id and self.name and self.client_id), "id, name and client_id are required"
        yield bool(self.issuer) == bool(self.issuer_pattern), "give either issuer or issuer_pattern"
        yield bool(self.issuer) and not is_well_formed(self.issuer), "issuer is not a plain http(s) URL"
        yield (
            bool(self.issuer_pattern) and not _is_pattern(self.issuer_pattern),
            (f"issuer_pattern must fix scheme, host and port, and use {SEGMENT} only as whole path segments"),
        )
        yield not is_safe_endpoint(self._example), "issuer must be https (http only on loopback)"
        yield self.auth not in AUTH_METHODS, f"auth must be one of {', '.join(AUTH_METHODS)}"
        yield self.assertion_alg not in ASSERTION_ALGS, f"assertion_alg must be one of {', '.join(ASSERTION_ALGS)}"
        secret = self.auth.startswith("client_secret")
        yield secret and not self.client_secret, f"{self.auth} needs a client_secret"
        yield not secret and bool(self.client_secret), f"{self.auth} does not use a client_secret"
        # Servers differ in how they decode Basic (RFC 6749 2.3.1); printable ASCII is what Authlib can send at all.
        yield bool(re.search(r"[^ -~]", self.client_secret)), "client_secret must be printable ASCII"
        yield any(re.search(r"\s", s) or not s for s in self.scopes), "scopes must be single words"
        yield any(re.search(r"[\s;,]", a) for a in self.frame_ancestors), "frame_ancestors must be plain origins"

    @property
    def _example(self) -> str:
        return self.issuer or self.issuer_pattern.replace(SEGMENT, "x")

    @property
    def origin(self) -> str:
        """Scheme, host and port of the FHIR base; the same for all issuers of a pattern."""
        return origin_of(self._example)

    def matches(self, iss: str) -> bool:
        """Whether a well-formed `iss` is this EHR's."""
        if self.issuer:
            return bare(iss) == bare(self.issuer)
        fixed = map(re.escape, bare(self.issuer_pattern).split(SEGMENT))
        return bool(re.fullmatch(_SEGMENT.join(fixed), bare(iss)))


def _is_pattern(pattern: str) -> bool:
    if not is_well_formed(pattern.replace(SEGMENT, "x")) or SEGMENT in urlsplit(pattern).netloc:
        return False
    return all(SEGMENT not in part or part == SEGMENT for part in pattern.split("/"))


class Registry:
    """All registered EHRs. An exact issuer wins over a pattern that would match too."""

    def __init__(self, entries: Iterable[Ehr]) -> None:
        self._entries = sorted(entries, key=lambda e: bool(e.issuer_pattern))
        for what in ([e.id for e in self], [bare(e._example) for e in self]):
            if twice := {x for x in what if what.count(x) > 1}:
                raise ConfigurationError(f"EHR entries given twice: {', '.join(sorted(twice))}")

    def __iter__(self) -> Iterator[Ehr]:
        return iter(self._entries)

    def find(self, iss: str) -> Ehr | None:
        """The EHR registered for `iss`, or None. One trailing slash is ignored, nothing else is."""
        if not is_well_formed(iss):
            return None
        return next((e for e in self if e.matches(iss)), None)

    def get(self, ehr_id: str) -> Ehr | None:
        """The EHR with this entry id."""
        return next((e for e in self if e.id == ehr_id), None)
