"""Certificates: trusted, for this name, and for how long (RFC 5280, RFC 9525)."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from app.doctor.looking import ONE_CALL
from app.doctor.report import Finding, broken, cannot_tell, degraded, ok

SOON = 30  # days
_UNUSABLE = "Nothing of it can be read: no call leaves without a trusted connection."


def certificate(url: str, now: datetime, topic: str = "certificate") -> Iterator[Finding]:
    """What the certificate of an address is worth. `http` is said, and only loopback may use it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        yield cannot_tell(
            topic,
            f"none: {parts.scheme}://{host} is not encrypted",
            "Fit for a sandbox on this machine and for nothing else.",
        )
        return
    try:
        expires = _expires(host, parts.port or 443)
    except ssl.SSLCertVerificationError as error:
        why = error.verify_message
        yield broken(topic, f"not trusted: {why}", _UNUSABLE, _ask(host, why))
        return
    except ssl.SSLError as error:
        yield broken(
            topic, f"no TLS connection ({error.reason or 'refused'})", _UNUSABLE, _ask(host, "TLS 1.2 or newer")
        )
        return
    except (OSError, ValueError) as error:
        yield cannot_tell(topic, f"{host} could not be reached ({type(error).__name__})")
        return
    days = (expires - now).days
    until = f"trusted for {host} until {expires:%d %b %Y}"
    if days < SOON:
        yield degraded(
            topic,
            f"{until}, {days} days from now",
            "When it ends, nothing of it can be read.",
            f"The certificate of {host} ends on {expires:%d %b %Y}: when will it be renewed?",
        )
    else:
        yield ok(topic, until)


def _ask(host: str, why: str) -> str:
    return f"Our client refuses the certificate of {host} ({why}); please install one from a public authority."


def _expires(host: str, port: int) -> datetime:
    """When the certificate ends, of a connection that is trusted as our calls are. Raises OSError."""
    settings = requests.Session().merge_environment_settings(f"https://{host}:{port}", {}, None, None, None)
    trust = settings["verify"] if isinstance(settings["verify"], str) else DEFAULT_CA_BUNDLE_PATH
    folder = Path(trust).is_dir()
    context = ssl.create_default_context(cafile=None if folder else trust, capath=trust if folder else None)
    with (
        socket.create_connection((host, port), timeout=ONE_CALL) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        stated = secure.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(stated["notAfter"])), UTC)
