"""Our own keys: which sign, which are published, and the assertions they sign."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from front_door import KEYS, Clock
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

import launch
from launch import keys
from launch.client_auth import Assertion
from launch.keys import ClientKeys, algorithm


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_keys_come_from_pem_jwk_and_jwk_set_files(tmp_path: Path) -> None:
    one, two = ECKey.generate_key("P-384", {"kid": "one"}), ECKey.generate_key("P-384", {"kid": "two"})
    (tmp_path / "pem").write_bytes(pem(rsa.generate_private_key(65537, 2048)))
    (tmp_path / "jwk").write_text(json.dumps(one.as_dict(private=True)))
    (tmp_path / "set").write_text(json.dumps(KeySet([two]).as_dict(private=True)))
    loaded = ClientKeys.load({name: tmp_path / name for name in ("pem", "jwk", "set")})
    assert loaded.signer("ES384").kid == "one"  # the first of an alg signs
    assert loaded.signer("RS384").is_private
    assert [k["kid"] for k in loaded.public()["keys"]][1:] == ["one", "two"]  # all are published


def test_a_retired_key_stays_published_without_signing() -> None:
    old, new = ECKey.generate_key("P-384", {"kid": "old"}), ECKey.generate_key("P-384", {"kid": "new"})
    rotated = ClientKeys([ECKey.import_key(old.as_dict(private=False)), new])
    assert rotated.signer("ES384").kid == "new"
    assert [k["kid"] for k in rotated.public()["keys"]] == ["old", "new"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a key",
        b"{}",
        b'{"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}',
        b'{"kty": "oct", "k": "c2VjcmV0"}',
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(rsa.generate_private_key(65537, 1024)),
        b'{"kty": "RSA", "n": "%s", "e": "AQAB"}' % (b"A" * 170),
    ],
    ids=["empty", "text", "no kty", "bad point", "symmetric", "P-256", "RSA 1024", "RSA 1024 as JWK"],
)
def test_an_unfit_key_is_refused_without_being_quoted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(launch.ConfigurationError, match="'main' cannot be used") as refused:
        ClientKeys.load({"main": tmp_path / "key"})
    assert refused.value.__cause__ is None
    assert len(str(refused.value)) < 100


def test_a_missing_key_file_and_a_missing_algorithm_are_named(tmp_path: Path) -> None:
    with pytest.raises(launch.ConfigurationError, match="'main'"):
        ClientKeys.load({"main": tmp_path / "nowhere"})
    with pytest.raises(launch.ConfigurationError, match="RS384"):
        ClientKeys([ECKey.generate_key("P-384")]).signer("RS384")
    with pytest.raises(launch.ConfigurationError, match="share one kid"):
        ClientKeys([ECKey.generate_key("P-384", {"kid": "k"}), ECKey.generate_key("P-384", {"kid": "k"})])


def test_generated_keys_are_for_their_owner_alone_and_never_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run" / "client-keys.json"
    assert keys.main([str(path)]) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    printed = json.loads(capsys.readouterr().out)
    loaded = ClientKeys.load({"generated": path})
    assert printed == loaded.public()
    assert loaded.can_sign("ES384")
    assert loaded.can_sign("RS384")
    before = path.read_bytes()
    assert keys.main([str(path)]) == 1
    assert path.read_bytes() == before
    assert keys.main([]) == 2


@pytest.mark.parametrize("alg", ["ES384", "RS384"])
def test_an_assertion_is_short_single_use_and_names_its_key(alg: str) -> None:
    clock, endpoint = Clock(), "https://ehr.example/auth/token"
    assertion = Assertion(KEYS.signer(alg), alg, endpoint, clock)
    published = KeySet.import_key_set(KEYS.public())  # type: ignore[arg-type] # a plain dict is one
    client = SimpleNamespace(client_id="chartside")
    one, two = (jwt.decode(assertion.sign(client, endpoint), published, algorithms=[alg]) for _ in range(2))
    assert one.header == {"alg": alg, "kid": KEYS.signer(alg).kid, "typ": "JWT"}
    now = int(clock().timestamp())
    assert (one.claims["iat"], one.claims["exp"]) == (now, now + 240)
    assert (one.claims["iss"], one.claims["sub"], one.claims["aud"]) == ("chartside", "chartside", endpoint)
    assert one.claims["jti"] != two.claims["jti"]


def test_the_algorithm_follows_the_key() -> None:
    assert {algorithm(KEYS.signer(alg)) for alg in ("ES384", "RS384")} == {"ES384", "RS384"}


def test_importing_launch_loads_nothing_heavy() -> None:
    import subprocess

    heavy = "{'flask', 'authlib', 'joserfc', 'requests', 'cryptography'}"
    code = f"import sys, launch; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "[]"
