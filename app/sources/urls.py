"""Which URL a path or link of a source means, and whether it may be asked with that source's token.

The rule is the origin (scheme, host, port), compared part by part: a prefix test would let `https://ehr.example.evil.test`
pass for `https://ehr.example`. Anything that two URL parsers might read differently is refused outright.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, urlencode, urljoin, urlsplit

from app.sources.errors import ForeignLink

Params = Iterable[tuple[str, str]]

_PLAIN = re.compile(r"[!#-;=?-\[\]_a-z~]+")  # RFC 3986 characters and %; no space, control, quote, <>, \, ^, `, {|}
_UNESCAPED = {ord("|"): "%7C", ord(" "): "%20"}  # servers copy `system|code` as it was sent into their next links
_PORTS = {"http": 80, "https": 443}
_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an http(s) URL. Raises ForeignLink."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as e:
        raise ForeignLink("a link is not a URL") from e
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or not _PLAIN.fullmatch(url):
        raise ForeignLink("a link is not a plain http(s) URL")
    return parts.scheme, host.lower().rstrip("."), port or _PORTS[parts.scheme]


def resolve(base: str, link: str) -> str:
    """The absolute URL that `link`, found under `base`, means. Raises ForeignLink when it leaves the base's origin."""
    link = link.translate(_UNESCAPED)
    if not _PLAIN.fullmatch(link):
        raise ForeignLink("a link has characters that a URL may not have")
    try:
        url = urljoin(base.rstrip("/") + "/", link)
    except ValueError as e:
        raise ForeignLink("a link is not a URL") from e
    if origin(url) != origin(base):
        raise ForeignLink("a link leads to another server")
    return url.partition("#")[0]


def with_query(path: str, params: Params) -> str:
    """`path` with a query string; the characters that FHIR search gives a meaning stay as they are."""
    query = urlencode(list(params), safe=":/,$", quote_via=quote)
    return f"{path}?{query}" if query else path


def instance(resource_type: str, resource_id: str) -> str:
    """`Type/id` for a read. Raises ForeignLink for an id that would change the path."""
    if not _ID.fullmatch(resource_id) or not resource_id.strip("."):
        raise ForeignLink(f"the id of a {resource_type} is not an id")
    return f"{resource_type}/{resource_id}"
