"""The colours of pictures, safe for colour-blind eyes (after Okabe and Ito), and tables from grey levels to colours.

Tables are stepped, not smooth: with few colours in all, a GIF keeps every one of them exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tickworld.visual.lettering import Colour

NIGHT: Colour = (10, 14, 22)
"""Around the panels."""
COURT: Colour = (21, 31, 50)
"""A black pixel of a grey frame."""
CHALK: Colour = (255, 247, 228)
"""A white pixel of a grey frame."""
MUTED: Colour = (140, 152, 172)
FAINT: Colour = (44, 55, 76)
RIGHT: Colour = (0, 200, 160)
WRONG: Colour = (255, 112, 60)
MISSING: Colour = (86, 180, 233)
"""What the truth shows and the dream does not."""
EXTRA: Colour = (240, 171, 30)
"""What the dream shows and the truth does not."""

BLUE: Colour = (22, 46, 122)
RED: Colour = (240, 62, 52)
WHITE: Colour = (255, 255, 255)
INK: Colour = (24, 28, 36)


def ramp(*stops: Colour, steps: int = 64) -> NDArray[np.uint8]:
    """A table [256, 3] from grey level to colour, through ``stops`` at equal distances, in ``steps`` steps.

    Level 0 is exactly the first stop, level 255 exactly the last.
    """
    share = np.round(np.arange(256) / 255 * (steps - 1)) / (steps - 1)
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(share, places, [stop[channel] for stop in stops]) for channel in range(3)]
    return np.stack(channels, -1).round().astype(np.uint8)


def mixed(shares: list[NDArray[np.floating]], colours: list[Colour], base: Colour) -> NDArray[np.uint8]:
    """Colours uint8 [..., 3]: ``base`` moved towards each of ``colours`` by its share.

    ``shares`` are arrays [...] of 0..1, one for each colour, that sum to at most 1.
    """
    total = np.broadcast_to(np.array(base, np.float32), (*shares[0].shape, 3)).copy()
    for share, colour in zip(shares, colours, strict=True):
        total += share[..., None].astype(np.float32) * (np.array(colour, np.float32) - np.array(base, np.float32))
    return total.round().clip(0, 255).astype(np.uint8)
