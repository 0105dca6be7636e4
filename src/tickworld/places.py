"""Where a recording lies: in a folder here, or by URL on object storage (``s3://BUCKET/NAME``, ``gs://``, ``az://``).

A ``Url`` has the few words of ``pathlib.Path`` that reading takes, so whoever reads need not ask which it is. Addresses
and keys of a storage are told by its usual variables, such as AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY. It needs the extra ``cloud``.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator
from pydantic_core import PydanticCustomError

from tickworld.errors import UserError, check_installed

EXTRA = "cloud"
PATIENCE = timedelta(seconds=30)
"""How long a storage that does not answer is asked again and again."""
_URL = re.compile(r"([a-z][a-z0-9]+):/+(.+)")  # a letter and a colon is a drive


@dataclass(frozen=True)
class Url:
    """What lies at ``key`` below the address ``root`` of a storage: objects whose names begin so."""

    root: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.root}/{self.key}".rstrip("/")

    def __truediv__(self, name: str) -> Url:
        return Url(self.root, f"{self.key}/{name}".lstrip("/"))

    @property
    def name(self) -> str:
        """Its last word."""
        return str(self).rpartition("/")[2]

    @property
    def storage(self) -> Any:
        """The storage, as ``obstore`` knows it. Raises UserError for an address that is none, or without the extra."""
        return _storage(self.root, os.environ.get("AWS_ENDPOINT_URL", ""))

    def resolve(self) -> Url:
        """Itself."""
        return self

    def iterdir(self) -> Iterator[Url]:
        """What lies directly in it, in order. Raises UserError when the storage does not tell."""
        with reached(self):
            found = _obstore().list_with_delimiter(self.storage, self.key or None)
        paths = [*found["common_prefixes"], *(each["path"] for each in found["objects"])]
        yield from (Url(self.root, path) for path in sorted(paths))

    def is_dir(self) -> bool:
        """Whether anything lies in it. Raises UserError when the storage does not tell."""
        return next(self.iterdir(), None) is not None

    def is_file(self) -> bool:
        """Whether it is an object. Raises UserError when the storage does not tell."""
        with reached(self), contextlib.suppress(FileNotFoundError):
            _obstore().head(self.storage, self.key)
            return True
        return False

    def exists(self) -> bool:
        """Whether it is an object, or anything lies in it. Raises UserError when the storage does not tell."""
        return self.is_file() or self.is_dir()

    def read_bytes(self) -> bytes:
        """The object. Raises FileNotFoundError when there is none, UserError when the storage does not give it."""
        with reached(self):
            return bytes(_obstore().get(self.storage, self.key).bytes())

    def read_text(self, encoding: str = "utf-8") -> str:
        """The object as text. Raises as ``read_bytes``."""
        return self.read_bytes().decode(encoding)

    def write_bytes(self, content: bytes | Path) -> None:
        """Puts an object there, or a file's content, whole or not at all. Raises UserError when the storage refuses."""
        with reached(self):
            _obstore().put(self.storage, self.key, content)


def place(words: str | Path | Url) -> Path | Url:
    """The folder or the URL that ``words`` name; a Path that has lost a slash of its URL is one too."""
    if isinstance(words, Url):
        return words
    url = _URL.fullmatch(str(words).rstrip("/"))
    return Url(f"{url[1]}://{url[2]}") if url else Path(words)


def _placed(words: Any) -> Path | Url:
    if not isinstance(words, str | Path | Url):
        raise PydanticCustomError("path_type", "Input is not a valid path")
    return place(words)


Place = Annotated[Path | Url, PlainValidator(_placed), PlainSerializer(str, return_type=str)]
"""The type of a setting that is a folder or a URL."""


class OutOfReach(UserError):
    """A storage that does not answer, or not to us."""


@contextlib.contextmanager
def reached(where: Path | Url) -> Iterator[None]:
    """Turns what keeps a storage from being asked into one sentence about ``where``."""
    try:
        yield
    except Exception as error:
        if not isinstance(where, Url) or not _of_the_storage(error):
            raise
        raise OutOfReach(
            f"{where} cannot be reached ({_reason(error)}); check the address and the variables that tell of the "
            "storage, such as AWS_ENDPOINT_URL and AWS_ACCESS_KEY_ID; what is done is kept: give the command again"
        ) from error


def _of_the_storage(error: Exception) -> bool:
    return isinstance(error, _obstore().exceptions.BaseError)


def _reason(error: Exception) -> str:
    """What a storage complains of, on one line: its own message where it sent one, and else the last clause."""
    text = str(error).partition("\n\nDebug source:")[0]
    told = re.search(r"<Message>(.*?)</Message>", text, re.DOTALL)
    clause = told[1] if told else text.rpartition(" - ")[2]
    return " ".join(clause.split()).rstrip(".")


def _obstore() -> Any:
    """The package, which only those need who read by URL."""
    check_installed(["obstore.store", "obstore"], EXTRA)
    import obstore

    return obstore


@functools.cache
def _storage(root: str, endpoint: str) -> Any:
    # An address without TLS is one that the user gave: on this machine, or in a network of one's own.
    plain = any(each.startswith("http://") for each in (root, endpoint))
    options: dict[str, Any] = {"client_options": {"allow_http": True}} if plain else {}
    with reached(Url(root)):
        return _obstore().store.from_url(root, retry_config={"retry_timeout": PATIENCE}, **options)
