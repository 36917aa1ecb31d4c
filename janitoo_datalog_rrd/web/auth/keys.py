"""The secret key of a server, and the proofs made with it: tokens of forms, which another site's page cannot know."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from pathlib import Path

from ...core.errors import StartError
from ...core.files import write_atomically

logger = logging.getLogger(__name__)

FILE = "secret_key"
_BYTES = 32


class Keys:
    """Makes and checks proofs.

    Args:
        key: secret, random.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def of_home(cls, home: Path) -> Keys:
        """The key of a home directory, made where there is none. Raises StartError where it cannot be read or written."""
        path = home / FILE
        try:
            found = _read(path)
            if found is None:
                found = secrets.token_bytes(_BYTES)
                write_atomically(path, found.hex().encode() + b"\n")
        except OSError as error:
            raise StartError(f"{path} cannot be used: {error.strerror or error}") from error
        return cls(found)

    def prove(self, purpose: str, text: str) -> str:
        """A proof that a text comes from this server, for one purpose."""
        message = f"{purpose}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()

    def is_proof(self, proof: str, purpose: str, text: str) -> bool:
        """Tell whether it is one; takes as long for every wrong one."""
        return hmac.compare_digest(proof.encode("utf-8", "surrogatepass"), self.prove(purpose, text).encode())

    def token(self, purpose: str, text: str) -> str:
        """A proof that is another one each time, so that it cannot be guessed from the length of pages that are compressed."""
        salt = secrets.token_hex(8)
        return f"{salt}.{self.prove(purpose, f'{salt}.{text}')}"

    def is_token(self, token: str, purpose: str, text: str) -> bool:
        """Tell whether `token` made it."""
        salt, _, proof = token.partition(".")
        return self.is_proof(proof, purpose, f"{salt[:32]}.{text}")


def _read(path: Path) -> bytes | None:
    try:
        found = bytes.fromhex(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except ValueError:
        found = b""
    if len(found) < _BYTES:
        logger.warning("%s is no key; a new one is made, and pages that are open have to be loaded again", path)
        return None
    return found
