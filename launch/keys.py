"""Our own keys for `private_key_jwt`: which one signs, which are published. `python -m launch.keys FILE` makes a pair.

SMART App Launch 2.2, "Client Authentication: Asymmetric": RS384 or ES384, public keys at a JWKS URL. Several keys of
one algorithm at a time are a rotation: the first signs, all are published until nobody remembers the old one.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from launch.errors import ConfigurationError

SigningKey = RSAKey | ECKey
_MIN_RSA_BITS = 2048  # NIST SP 800-131A; joserfc only warns


def is_too_short(modulus: str) -> bool:
    """Whether the `n` of an RSA JWK (base64url without padding) has less than 2048 bits."""
    return len(modulus) * 6 < _MIN_RSA_BITS


class ClientKeys:
    """The client's signing keys, in the order given."""

    def __init__(self, keys: Iterable[SigningKey] = ()) -> None:
        self._keys = tuple(keys)
        for key in self._keys:
            key.ensure_kid()
        kids = [key.kid for key in self._keys]
        if len(set(kids)) < len(kids):
            raise ConfigurationError("client keys: two keys share one kid")

    @classmethod
    def load(cls, files: Mapping[str, Path]) -> ClientKeys:
        """Keys from files by name, each a PEM private key, a JWK or a JWK Set; the names are for messages only."""
        keys: list[SigningKey] = []
        for name, path in files.items():
            try:
                keys += _parse(path.read_bytes())
            except (OSError, JoseError, ValueError, TypeError, KeyError, UnsupportedAlgorithm) as error:
                # The reason may quote the file; only its kind is safe to show.
                raise ConfigurationError(f"client key {name!r} cannot be used ({type(error).__name__})") from None
        return cls(keys)

    def signer(self, alg: str) -> SigningKey:
        """The first private key for `alg`."""
        for key in self._keys:
            if algorithm(key) == alg and key.is_private:
                return key
        raise ConfigurationError(f"no client key for {alg}: private_key_jwt needs one")

    def can_sign(self, alg: str) -> bool:
        return any(algorithm(key) == alg and key.is_private for key in self._keys)

    def public(self) -> dict[str, Any]:
        """The JWK Set to publish (RFC 7517): public halves of all keys, each with kid, alg and use."""
        return {"keys": [_public(key) for key in self._keys]}


def algorithm(key: SigningKey) -> str:
    """The one algorithm we use a key with."""
    return "RS384" if isinstance(key, RSAKey) else "ES384"


def _public(key: SigningKey) -> dict[str, Any]:
    fields = ("kty", "n", "e", "crv", "x", "y")
    known = key.as_dict(private=False)
    public = {f: known[f] for f in fields if f in known}
    return {**public, "kid": key.kid, "alg": algorithm(key), "use": "sig", "key_ops": ["verify"]}


def _parse(content: bytes) -> list[SigningKey]:
    if content.lstrip()[:1] == b"{":
        said = json.loads(content)
        return [_import(jwk) for jwk in said.get("keys", [said])]
    return [_import(content)]


def _import(key: dict[str, Any] | bytes) -> SigningKey:
    """A key fit for SMART: RSA of at least 2048 bits or EC on P-384."""
    if isinstance(key, bytes):
        parsed = serialization.load_pem_private_key(key, password=None)
        is_rsa = isinstance(parsed, rsa.RSAPrivateKey)
        short = isinstance(parsed, rsa.RSAPrivateKey) and parsed.key_size < _MIN_RSA_BITS
    else:
        is_rsa = key["kty"] == "RSA"
        short = is_rsa and is_too_short(key["n"])
    if short:
        raise ValueError("RSA key is too short")
    if is_rsa:
        return RSAKey.import_key(key)
    elliptic = ECKey.import_key(key)
    if elliptic.curve_name != "P-384":
        raise ValueError("EC key is not on P-384")
    return elliptic


def generate(path: Path) -> ClientKeys:
    """Make one key for each algorithm and write them as a JWK Set that only the owner can read; never overwrites."""
    keys: list[SigningKey] = [ECKey.generate_key("P-384"), RSAKey.generate_key(3072)]
    private = KeySet(list(keys)).as_dict(private=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(private, file, indent=1)
    return ClientKeys(keys)


def main(arguments: list[str]) -> int:
    """`python -m launch.keys FILE`: generate, and print the public set."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m launch.keys FILE\n")
        return 2
    try:
        keys = generate(Path(arguments[0]))
    except FileExistsError:
        sys.stderr.write(f"{arguments[0]} exists and was left as it is\n")
        return 1
    sys.stdout.write(json.dumps(keys.public(), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
