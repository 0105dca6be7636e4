"""The page's own files, as they are shipped: page.html, page.js and page.css."""

from __future__ import annotations

from importlib import resources


def asset(name: str) -> bytes:
    """The content of file ``name`` of this folder."""
    return resources.files(__name__).joinpath(name).read_bytes()
