"""A server that stands before another one and bends what it says, and certificates of our own making."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask, Response, request
from werkzeug.serving import make_server

from sandbox_config.serving import free_ports, serving

Bend = Callable[[dict[str, Any]], Any]


@contextmanager
def before(target: str, bends: dict[str, Bend | Response], **headers: str) -> Iterator[str]:
    """Forwards to `target` (scheme, host, port). `bends`: end of a path -> what becomes of its JSON, or the answer."""
    front = Flask("bent", static_folder=None)

    @front.route("/", defaults={"path": ""}, methods=["GET", "POST"])
    @front.route("/<path:path>", methods=["GET", "POST"])
    def forward(path: str) -> Response:
        bend = next((bend for end, bend in bends.items() if path.endswith(end)), None)
        if isinstance(bend, Response):
            return Response(bend.get_data(), bend.status_code, {**dict(bend.headers), **headers})
        kept = {name: value for name, value in request.headers if name in ("Accept", "Authorization", "Content-Type")}
        url = f"{target}/{path}"
        query = request.query_string.decode()
        reply = requests.request(
            request.method, f"{url}?{query}" if query else url, data=request.get_data(), headers=kept, timeout=10,
            allow_redirects=False,
        )  # fmt: skip
        body: bytes = reply.content
        if bend is not None:
            body = json.dumps(bend(reply.json())).encode()
        passed = {n: v for n, v in reply.headers.items() if n in ("Content-Type", "Content-Security-Policy")}
        return Response(body, reply.status_code, {**passed, **headers})

    (port,) = free_ports(1)
    with serving(front, port):
        yield f"http://localhost:{port}"


def certificate(folder: Path, host: str = "127.0.0.1", days: int = 300) -> Path:
    """A file with a self-signed certificate for `host` and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    alternative = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{host}-{days}.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


@contextmanager
def encrypted(app: Any, pem: Path) -> Iterator[str]:
    """An app behind TLS on loopback."""
    import threading

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=context)
    server.daemon_threads = True  # type: ignore[attr-defined] # of the threaded server
    server.log = lambda *_, **__: None  # type: ignore[method-assign,assignment] # a refused handshake is what we test
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
