"""``python -m tickworld.cli`` is the command ``tickworld``."""

from __future__ import annotations

import sys

from tickworld.cli import main

sys.exit(main())
