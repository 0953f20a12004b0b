"""Our own side as others see it: is `public_url` reachable, are our keys there, may the EHR frame us."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from app.doctor.looking import Looking
from app.doctor.report import Finding, broken, cannot_tell, ok
from app.doctor.tls import certificate
from launch.keys import ClientKeys
from launch.registry import Ehr, origin_of

JWKS = "/.well-known/jwks.json"


@dataclass(frozen=True, slots=True)
class Ours:
    """Our side of every entry. `public_url` has no trailing slash."""

    public_url: str
    keys: ClientKeys
    looking: Looking

    def for_ehr(self, ehr: Ehr, issuer: str) -> Iterator[Finding]:
        """What this EHR and its users will meet at our address."""
        yield from certificate(self.public_url, self.looking.clock(), "our certificate")
        reply = self.looking.get(f"{self.public_url}/healthz")
        if not reply.good:
            found = f"{self.public_url} does not answer as Chartside ({reply.said})"
            yield broken("our address", found, "Browsers cannot open it. Start it, or look at the proxy before it.")
            return
        yield ok("our address", f"{self.public_url} answers")
        if ehr.auth == "private_key_jwt":
            yield from self.published(ehr.assertion_alg)
        yield from self._frame(ehr, issuer)

    def for_payer(self, alg: str) -> Iterator[Finding]:
        """What this payer will meet when it fetches our keys."""
        yield from self.published(alg)

    def register_ehr(self, ehr: Ehr) -> tuple[tuple[str, str], ...]:
        rows = [("launch URL", f"{self.public_url}/launch"), ("redirect URI", f"{self.public_url}/callback")]
        if ehr.auth == "private_key_jwt":
            rows.append(("JWK Set URL", f"{self.public_url}{JWKS}"))
        return (*rows, ("client type", ehr.auth), ("scopes", " ".join(ehr.scopes)))

    def register_payer(self, scopes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        return (("JWK Set URL", f"{self.public_url}{JWKS}"), ("scopes", " ".join(scopes)))

    def published(self, alg: str) -> Iterator[Finding]:
        """Whether the key that signs is among those that our address publishes."""
        if not self.keys.can_sign(alg):
            yield broken("our keys", f"there is no {alg} key", "No token is given. Make one: python -m app keys DIR")
            return
        kid, reply = self.keys.signer(alg).kid, self.looking.get(f"{self.public_url}{JWKS}")
        published = reply.json()
        if published is None:
            means = "Whoever checks our signature cannot fetch the key, and refuses us."
            yield broken("our keys", f"{self.public_url}{JWKS} gives none ({reply.said})", means)
        elif kid not in [key.get("kid") for key in _keys(published)]:
            means = "Chartside signs with a key that nobody can check; restart it, or name the right `client_keys`."
            yield broken("our keys", f"the {alg} key {kid} is not among those published", means)
        else:
            yield ok("our keys", f"{alg} {kid} at {JWKS}")

    def _frame(self, ehr: Ehr, issuer: str) -> Iterator[Finding]:
        """A launch without `launch` spends nothing, and its answer carries the headers of this EHR's frames."""
        reply = self.looking.get(f"{self.public_url}/launch?iss={quote(issuer, safe='')}", accept="text/html")
        if not reply.status:
            yield cannot_tell("frame", f"our address does not answer ({reply.trouble})")
            return
        if reply.status == 403:
            yield broken("frame", f"the running Chartside does not know {issuer}", "Restart it with these settings.")
            return
        allowed = _ancestors(reply.header("Content-Security-Policy"))
        if hidden := reply.header("X-Frame-Options"):
            means = "Browsers show a blank frame in the EHR. A proxy before Chartside sets it: take it out there."
            yield broken("frame", f"X-Frame-Options: {hidden}", means)
        if without := [origin for origin in ehr.frame_ancestors if origin not in allowed]:
            means = "Browsers show a blank frame in the EHR. A proxy changes the header, or Chartside needs a restart."
            yield broken("frame", f"frame-ancestors lacks {', '.join(without)}", means)
            return
        origin = origin_of(issuer)
        if not ehr.frame_ancestors:
            yield cannot_tell("frame", "nobody may frame us: fit for an EHR that opens a browser window only")
        elif origin in ehr.frame_ancestors:
            yield ok("frame", f"{', '.join(ehr.frame_ancestors)} may frame us")
        else:
            yield cannot_tell(
                "frame",
                f"{', '.join(ehr.frame_ancestors)} may frame us; the FHIR base is at {origin}",
                "If the EHR's screens come from another address, users see a blank frame.",
                "From which web addresses (origins) is an embedded app framed, at this site?",
            )


def _keys(published: dict[str, object]) -> list[dict[str, object]]:
    found = published.get("keys")
    return [key for key in found if isinstance(key, dict)] if isinstance(found, list) else []


def _ancestors(policy: str) -> list[str]:
    for directive in policy.split(";"):
        name, *values = directive.split()
        if name == "frame-ancestors":
            return values
    return []
