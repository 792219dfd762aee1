"""A passkey in software: it makes the answers that a browser would send, right ones and wrong ones."""

import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256, CoseKey
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from accounts.models import SecurityKey, User
from tests.factories.accounts import NOW

HOST = "localhost"
FLAG = AuthenticatorData.FLAG


@dataclass
class Passkey:
    user: User
    credential_id: bytes = b"c" * 32
    count: int = 0
    secret: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def enrol(self, **fields: Any) -> SecurityKey:
        """The row that a registration leaves."""
        public = ES256.from_cryptography_key(self.secret.public_key())
        data = AttestedCredentialData.create(b"\0" * 16, self.credential_id, public)
        made: SecurityKey = SecurityKey.objects.create(
            **{
                "user": self.user,
                "name": "Laptop",
                "host": HOST,
                "credential_id": self.credential_id,
                "credential": bytes(data),
                "created_at": NOW,
            }
            | fields
        )
        return made

    def registration(self, options: dict[str, Any], algorithm: int = ES256.ALGORITHM) -> str:
        """What the browser posts for a new key that says to sign by this algorithm (COSE)."""
        public = options["publicKey"]
        client = CollectedClientData.create("webauthn.create", public["challenge"], f"http://{HOST}")
        key = {**ES256.from_cryptography_key(self.secret.public_key()), 3: algorithm}
        data = AuthenticatorData.create(
            sha256(public["rp"]["id"].encode()),
            FLAG.UP | FLAG.UV | FLAG.AT,
            0,
            AttestedCredentialData.create(b"\0" * 16, self.credential_id, CoseKey(key)),
        )
        name = websafe_encode(self.credential_id)
        return json.dumps(
            {
                "id": name,
                "rawId": name,
                "type": "public-key",
                "response": {
                    "clientDataJSON": websafe_encode(bytes(client)),
                    "attestationObject": websafe_encode(bytes(AttestationObject.create("none", data, {}))),
                },
                "clientExtensionResults": {},
            }
        )

    def answer(self, options: dict[str, Any], **change: Any) -> str:
        """What the browser posts for `options`; `change` makes it wrong on purpose."""
        self.count += 1
        public = options["publicKey"]
        client = CollectedClientData.create(
            change.get("type", "webauthn.get"),
            change.get("challenge", public["challenge"]),
            change.get("origin", f"http://{HOST}"),
        )
        flags = change.get("flags", FLAG.UP | FLAG.UV)
        host = change.get("host", public["rpId"])
        data = AuthenticatorData.create(sha256(host.encode()), flags, change.get("count", self.count))
        signed = self.secret.sign(data + sha256(change.get("signed", bytes(client))), ec.ECDSA(SHA256()))
        handle = change.get("handle", self.user.uid.bytes)
        name = websafe_encode(change.get("credential_id", self.credential_id))
        return json.dumps(
            {
                "id": name,
                "rawId": name,
                "type": "public-key",
                "response": {
                    "clientDataJSON": websafe_encode(bytes(client)),
                    "authenticatorData": websafe_encode(bytes(data)),
                    "signature": websafe_encode(signed),
                    **({"userHandle": websafe_encode(handle)} if handle is not None else {}),
                },
                "clientExtensionResults": {},
            }
        )
