"""Passwords that people bring along from the first Huntaze; their next sign-in makes them Argon2id."""

import bcrypt
from django.contrib.auth.hashers import BCryptPasswordHasher

#: bcrypt reads no further; the first Huntaze cut there without a word, and the library refuses what is longer.
MOST_BYTES = 72


class ImportedHasher(BCryptPasswordHasher):
    """`bcrypt$` followed by the hash as it was stored there: bcrypt over the password itself."""

    def encode(self, password: str, salt: bytes) -> str:  # type: ignore[override]  # as its parent at run time
        found = bcrypt.hashpw(password.encode()[:MOST_BYTES], salt)
        return f"{self.algorithm}${found.decode('ascii')}"
