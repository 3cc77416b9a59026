"""Keeps an API key of Partywall's for a program that calls with it.

The key lies in a file that only its user may read. It is never printed; a rotation is a new file, and a program
that asks `headers()` for each call needs no restart.
"""

import os
import re
import tempfile

_FORM = re.compile(r"pw(?:k_[0-9A-Za-z]{49}|s_[0-9A-Za-z_-]{124,1024})\Z")
_REFUSED = ("key.refused", "key.expired")


class KeyTrouble(Exception):
    """The key cannot be kept or read. Holds nothing of the key."""


class KeyFile:
    """An API key in a file."""

    def __init__(self, path):
        self._path = os.fspath(path)
        self._read = None

    def __repr__(self):
        return f"KeyFile({self._path!r})"

    def store(self, key: str) -> None:
        """Puts a key in place of the one before, whole or not at all."""
        if not _FORM.match(key):
            raise KeyTrouble("this is no API key; was it copied whole?")
        folder = os.path.dirname(self._path) or "."
        handle, draft = tempfile.mkstemp(dir=folder, prefix=".key-")  # of mode 0600
        try:
            with os.fdopen(handle, "w") as file:
                file.write(key + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self._path)
        except OSError:
            os.unlink(draft)
            raise
        self._read = None

    def headers(self) -> dict:
        """What to send with a call. Reads the file anew when it was replaced."""
        return {"Authorization": f"Bearer {self._key()}"}

    def should_retry(self, status: int, code: str) -> bool:
        """Whether a call that was answered so should be sent once more: the key was replaced meanwhile."""
        if status != 401 or code not in _REFUSED or self._read is None:
            return False
        used = self._read[1]
        self._read = None
        return self._key() != used

    def _key(self) -> str:
        facts = os.stat(self._path)
        if os.name == "posix" and facts.st_mode & 0o077:
            raise KeyTrouble(f"{self._path}: others may read it; set its mode to 0600")
        mark = (facts.st_ino, facts.st_mtime_ns)
        if self._read is None or self._read[0] != mark:
            with open(self._path, encoding="ascii") as file:
                key = file.read().strip()
            if not _FORM.match(key):
                raise KeyTrouble(f"{self._path}: this is no API key")
            self._read = (mark, key)
        return self._read[1]
