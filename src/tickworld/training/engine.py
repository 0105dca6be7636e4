"""Where training runs: the one module that knows Lightning Fabric.

So far that is one CPU device; other devices, processes and precisions are settings to be added here.
"""

from __future__ import annotations

import logging
from typing import Any


def engine() -> Any:
    """A Fabric on one CPU device. Imported late: it takes three seconds, and only training needs it."""
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    from lightning_fabric import Fabric

    return Fabric(accelerator="cpu", devices=1)
