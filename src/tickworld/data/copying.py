"""A recording copied to object storage, from where it is read by its URL.

The manifest goes first and each block's own description last, so a copy that was cut short is a recording with blocks
missing, and the next one goes on from there.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tickworld.data import manifest as manifests
from tickworld.data.manifest import FILE
from tickworld.data.store import Store
from tickworld.errors import UserError
from tickworld.places import Url
from tickworld.progress import Progress, Silent

_AT_ONCE = 8
"""Objects that are sent side by side."""


def copy(store: Store, url: Url, show: Progress | None = None) -> int:
    """Copies the blocks of a recording that are done and not at ``url`` yet; returns how many there were.

    Raises UserError when something else lies at ``url``, and when the storage does not take them.
    """
    assert isinstance(store.path, Path), "what is copied lies in a folder"
    there = Store(url, store.manifest)
    if manifests.is_there(url):
        manifests.check_same(url, manifests.read(url), store.manifest)
    elif url.is_dir():
        raise UserError(f"{url} is not empty and holds no recording; choose another URL")
    (url / FILE).write_bytes(store.path / FILE)
    missing = sorted(set(store.blocks_done()) - set(there.blocks_done()))
    with (show or Silent()).bar(f"copying to {url}", len(missing), "blocks") as at:
        for done, index in enumerate(missing, 1):
            _copy_block(store.path / store.folder(index).name, url / store.folder(index).name)
            at(done, "")
    return len(missing)


def _copy_block(folder: Path, url: Url) -> None:
    paths = [each for each in folder.rglob("*") if each.is_file() and each != folder / FILE]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        names = (url / path.relative_to(folder).as_posix() for path in paths)
        list(pool.map(Url.write_bytes, names, paths))
    (url / FILE).write_bytes(folder / FILE)
