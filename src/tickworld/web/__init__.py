"""The page's own files, as they ship, and no Python but this.

    page.html   the skeleton of the page; it loads the other two
    page.js     all of ``web/src`` in one script, made by ``npm run build`` in ``web``; never edited here
    page.css    how it looks
    vendor/     onnxruntime-web 1.30.0 with its licence and notices, as npm and the wheel of onnxruntime 1.30.0 have
                them; ``.gz``: packed with gzip, which is how an exported page carries them

The server (``tickworld.play``) sends the first three as they are; ``tickworld.export.page`` makes one file of them all.
"""

from __future__ import annotations

from importlib import resources

TICKS_PER_SECOND = 60
"""How fast a page plays at first."""


def asset(name: str) -> bytes:
    """The content of the file ``name`` of this folder, such as ``page.js`` or ``vendor/LICENSE``."""
    return resources.files(__name__).joinpath(name).read_bytes()
