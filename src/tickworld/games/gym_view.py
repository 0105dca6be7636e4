"""How the pictures of an environment become frames, found by watching it played at random.

Where few colours are shown they are kept: pixels are picked, not blurred, and from then on every frame has colours of
this palette only. How small a frame may be follows from the thinnest things that are usually there to be seen; where
that is still large, from whether all that happens is seen in a smaller one. Else frames are blurred to 64 pixels.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tickworld.errors import UserError
from tickworld.frames import Frames, colour_codes, resize, snap, to_grey
from tickworld.games.gym_config import Address, GymConfig

SIDE = 64
"""Pixels of the longer side that frames are made small to."""
PIXELS = 6400
"""Most pixels of a frame that keeps thin things: 80x80."""
USUAL = 0.1
"""Share of all pictures in which things as thin must be seen; fewer, and something was only half hidden."""
SEEN = 0.99
"""Share of what happens that is still to be seen in a smaller frame which keeps colours."""
BETWEEN = 8
"""Ticks between two pictures that are kept."""

Method = Literal["nearest", "area"]
Palette = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class View:
    """From a picture uint8 [h, w, c] to a frame [height, width, channels]; ``why`` says in words how it was chosen."""

    config: GymConfig
    height: int
    width: int
    channels: int
    method: Method
    palette: Palette
    why: str

    def __call__(self, picture: Frames) -> Frames:
        """The frame, in colours of the palette if there is one."""
        frame = resize(cut(picture, self.config), self.height, self.width, self.method)
        if self.palette and not self._known[colour_codes(frame)].all():
            frame = snap(frame, self.palette)
        return frame

    @functools.cached_property
    def _known(self) -> NDArray[np.bool_]:
        """Which colours are in the palette, by their codes."""
        return _marked(np.array(self.palette, np.uint8))


@dataclass
class Watched:
    """What was seen while the environment was played at random: all ``colours`` (marked by their codes) and some pairs
    of pictures that follow each other, already cut."""

    colours: NDArray[np.bool_]
    pairs: list[tuple[Frames, Frames]] = field(default_factory=list)

    def count(self) -> int:
        """How many colours there were."""
        return int(np.count_nonzero(self.colours))


def watch(address: Address, pictures: Iterator[Frames]) -> Watched:
    """What ``pictures`` [h, w, c] show, which follow each other; no more are taken once there are too many colours for
    a palette. Raises UserError when nothing is left of them after the cut."""
    watched, before = None, None
    for number, picture in enumerate(pictures):
        now = cut(picture, address.config)
        if watched is None:
            if 0 in now.shape:
                raise UserError(
                    f"{address.name} shows {picture.shape[0]}x{picture.shape[1]} pixels, and crop "
                    f"{list(address.config.crop)} leaves none of them; cut off less"
                )
            watched = Watched(_marked(now))
        watched.colours[colour_codes(now)] = True
        if before is not None and number % BETWEEN == 1:
            watched.pairs.append((before, now))
            if watched.count() > address.config.palette:
                break
        before = now
    assert watched is not None
    return watched


def cut(picture: Frames, config: GymConfig) -> Frames:
    """The part of a picture that is shown, in the colours that it is shown in."""
    top, bottom, left, right = config.crop
    part = picture[top : max(len(picture) - bottom, 0), left : max(picture.shape[1] - right, 0)]
    return to_grey(part) if config.grey and part.size else part


def chosen(watched: Watched, config: GymConfig) -> View:
    """The view for what was watched."""
    height, width, channels = watched.pairs[0][0].shape
    few = 2 <= watched.count() <= config.palette
    (new_height, new_width), method, size_why = _size(watched, config, few)
    kept = few and (method == "nearest" or (new_height, new_width) == (height, width))
    palette = _palette(watched) if kept else ()
    if palette:
        colour_why = f"a palette of {len(palette)} colours"
    elif few:
        colour_why = "no palette, since blurring makes new colours"
    else:
        many = f"more than {config.palette}" if watched.count() > config.palette else str(watched.count())
        colour_why = f"no palette, with {many} colours"
    why = f"{new_height}x{new_width} pixels of {height}x{width} shown, {size_why}; {colour_why}"
    return View(config, new_height, new_width, channels, method, palette, why)


def _size(watched: Watched, config: GymConfig, few: bool) -> tuple[tuple[int, int], Method, str]:
    """Height and width, the method, and why."""
    height, width, _ = watched.pairs[0][0].shape
    keeps: Method = "nearest" if few else "area"
    method: Method = keeps if config.resize == "auto" else config.resize
    if config.size != "auto":
        return (config.size[0] or height, config.size[1] or width), method, f"as asked, {_in_words(method)}"
    if max(height, width) <= SIDE:
        return (height, width), method, "as they are"
    share = SIDE / max(height, width)
    small = max(round(height * share), 1), max(round(width * share), 1)
    if method == "area":
        return small, method, f"{_in_words(method)} to {SIDE} on the longer side"
    thin = thinnest(watched)
    steps = [min(least, math.ceil(side / SIDE)) for least, side in zip(thin, (height, width), strict=True)]
    careful = math.ceil(height / steps[0]), math.ceil(width / steps[1])
    if careful[0] * careful[1] <= PIXELS:
        return careful, method, f"{_in_words(method)}, which keeps things of {thin[0]}x{thin[1]} pixels"
    if still_seen(watched, small) >= SEEN:
        return small, method, f"{_in_words(method)}, in which all that happens is still seen"
    if config.resize == "auto":
        return (
            small,
            "area",
            f"{_in_words('area')} to {SIDE} on the longer side, for things of {thin[0]}x{thin[1]} pixels",
        )
    return small, method, f"{_in_words(method)}; things of {thin[0]}x{thin[1]} pixels may be lost"


def _in_words(method: Method) -> str:
    return "the nearest pixels" if method == "nearest" else "blurred"


def thinnest(watched: Watched) -> tuple[int, int]:
    """Pixels, down and across, of the thinnest things that are usually there to be seen: a run of one colour between
    two others. What is half hidden or at the edge for a moment is not usual."""
    codes = [colour_codes(before) for before, _ in watched.pairs]
    down, across = [_shortest(each.T) for each in codes], [_shortest(each) for each in codes]
    return int(np.quantile(down, USUAL, method="lower")), int(np.quantile(across, USUAL, method="lower"))


def _shortest(codes: NDArray[np.uint32]) -> int:
    """The shortest run of one colour in any line [L, pixels] that touches neither end; all pixels where there is
    none."""
    line, place = np.nonzero(codes[:, 1:] != codes[:, :-1])
    runs = np.diff(place)[np.diff(line) == 0]
    return int(runs.min(initial=codes.shape[1]))


def still_seen(watched: Watched, size: tuple[int, int]) -> float:
    """The share of changes from one picture to the next that are changes still when pixels are picked for ``size``."""
    changes = [(before, after) for before, after in watched.pairs if (before != after).any()]
    seen = [(resize(before, *size, "nearest") != resize(after, *size, "nearest")).any() for before, after in changes]
    return float(np.mean(seen)) if seen else 0.0


def _palette(watched: Watched) -> Palette:
    """The colours, the most common first: where a game has a background it is that."""
    pictures = np.stack([before for before, _ in watched.pairs])
    shown, codes = colour_codes(pictures), np.flatnonzero(watched.colours)
    order = codes[np.argsort([-np.count_nonzero(shown == code) for code in codes], kind="stable")]
    shifts = 8 * np.arange(pictures.shape[-1])[::-1]
    return tuple(tuple(int(code) >> int(shift) & 255 for shift in shifts) for code in order)


def _marked(colours: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """True at the codes of ``colours`` [..., C]."""
    marks = np.zeros(256 ** colours.shape[-1], bool)
    marks[colour_codes(colours)] = True
    return marks
