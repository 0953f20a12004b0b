"""What an EHR says about signing in: `.well-known/smart-configuration` first, then the CapabilityStatement.

SMART App Launch 2.2, "Conformance"; the `oauth-uris` extension is how servers said it before. Knows no launch.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import urljoin

from launch import wire
from launch.errors import DiscoveryIncomplete, EhrTrouble
from launch.registry import is_safe_endpoint

MAX_AGE = timedelta(hours=1)
MAX_CACHED = 256  # the public launcher has an issuer per set of options
_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_CAPABILITIES = "http://fhir-registry.smarthealthit.org/StructureDefinition/capabilities"

T = TypeVar("T")


class Cache(Generic[T]):
    """A few recent values with a maximum age, shared by the threads of one process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[datetime, T]] = OrderedDict()

    def get(self, key: str, *, max_age: timedelta = MAX_AGE) -> T | None:
        with self._lock:
            stored, value = self._kept.get(key, (None, None))
        return value if stored and self._clock() - stored < max_age else None

    def put(self, key: str, value: T) -> T:
        with self._lock:
            self._kept[key] = (self._clock(), value)
            self._kept.move_to_end(key)
            while len(self._kept) > MAX_CACHED:
                self._kept.popitem(last=False)
        return value


@dataclass(frozen=True)
class Configuration:
    """How one issuer signs apps in. `base` is its FHIR base; `issuer` is the `iss` of its id_tokens, if it says so."""

    base: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str = ""
    jwks_uri: str = ""
    issuer: str = ""
    auth_methods: tuple[str, ...] = ()  # empty: not stated
    scopes_supported: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()

    @classmethod
    def read(cls, base: str, said: Mapping[str, Any]) -> Configuration:
        """A configuration from smart-configuration names; DiscoveryIncomplete without usable endpoints."""

        def url(name: str) -> str:
            value = said.get(name)
            return value if isinstance(value, str) and is_safe_endpoint(value, beside=base) else ""

        configuration = cls(
            base=base,
            authorization_endpoint=url("authorization_endpoint"),
            token_endpoint=url("token_endpoint"),
            revocation_endpoint=url("revocation_endpoint"),
            jwks_uri=url("jwks_uri"),
            issuer=_text(said.get("issuer")),
            auth_methods=_words(said.get("token_endpoint_auth_methods_supported")),
            scopes_supported=_words(said.get("scopes_supported")),
            capabilities=_words(said.get("capabilities")),
        )
        for name in ("authorization_endpoint", "token_endpoint"):
            if not url(name):
                raise DiscoveryIncomplete(f"a usable {name} (https)")
        return configuration

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def load(cls, kept: Mapping[str, Any]) -> Configuration:
        values = dict(kept)
        for name in ("auth_methods", "scopes_supported", "capabilities"):
            values[name] = tuple(values[name])
        return cls(**values)


class Discovery:
    """Asks issuers for their configuration and remembers it for an hour."""

    def __init__(self, http: wire.Http, clock: Callable[[], datetime]) -> None:
        self._http = http
        self._cache: Cache[Configuration] = Cache(clock)

    def of(self, base: str) -> Configuration:
        """The configuration of a FHIR base (no trailing slash); raises EhrTrouble."""
        return self._cache.get(base) or self._cache.put(base, self._ask(base))

    def _ask(self, base: str) -> Configuration:
        trouble: EhrTrouble
        try:
            said = wire.get_json(self._http, f"{base}/.well-known/smart-configuration")
            return Configuration.read(base, _mapping(said))
        except EhrTrouble as error:
            trouble = error
        try:
            statement = wire.get_json(self._http, f"{base}/metadata", accept="application/fhir+json")
            return Configuration.read(base, _oauth_uris(_mapping(statement)))
        except DiscoveryIncomplete:
            raise trouble from None  # the first answer says better what is wrong

    def with_keys(self, configuration: Configuration) -> Configuration:
        """`configuration` completed from openid-configuration (OpenID Connect Discovery 1.0) where it lacks
        the id_token issuer or the address of its keys. What nobody says stays empty."""
        for place in self._openid_places(configuration):
            if configuration.issuer and configuration.jwks_uri:
                break
            try:
                said = _mapping(wire.get_json(self._http, place))
            except EhrTrouble:
                continue
            keys = said.get("jwks_uri")
            safe = isinstance(keys, str) and is_safe_endpoint(keys, beside=configuration.base)
            configuration = replace(
                configuration,
                issuer=configuration.issuer or _text(said.get("issuer")),
                jwks_uri=configuration.jwks_uri or (str(keys) if safe else ""),
            )
        return configuration

    def _openid_places(self, configuration: Configuration) -> Iterator[str]:
        yield f"{configuration.base}/.well-known/openid-configuration"
        # 2026-11, Epic: sites older than August 2021 publish it beside the token endpoint.
        yield urljoin(configuration.token_endpoint, ".well-known/openid-configuration")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _words(value: Any) -> tuple[str, ...]:
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()


def _entries(value: Any) -> Iterable[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _oauth_uris(statement: Mapping[str, Any]) -> dict[str, Any]:
    """The `oauth-uris` and `capabilities` extensions of a CapabilityStatement under smart-configuration names."""
    names = {"authorize": "authorization_endpoint", "token": "token_endpoint", "revoke": "revocation_endpoint"}
    found: dict[str, Any] = {"capabilities": []}
    for rest in _entries(statement.get("rest")):
        for extension in _entries(_mapping(rest.get("security")).get("extension")):
            if extension.get("url") == _CAPABILITIES:
                found["capabilities"].append(extension.get("valueCode"))
            elif extension.get("url") == _OAUTH_URIS:
                for part in _entries(extension.get("extension")):
                    if name := names.get(_text(part.get("url"))):
                        found[name] = part.get("valueUri")
    return found
