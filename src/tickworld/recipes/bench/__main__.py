"""One row in a process of its own, so that its memory is its own: python -m tickworld.recipes.bench OUT GAME NAME SEED.

What went wrong is told on stderr, with exit code 1; its last line is the sentence for the table.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tickworld import config as configs
from tickworld.errors import UserError
from tickworld.recipes.bench.row import FILE, Bench, Row, make_row


def main(out: Path, row: Row) -> int:
    """Makes ``row`` of the bench in ``out``; returns the exit code."""
    try:
        make_row(out, configs.load(Bench, out / FILE), row)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    place, game, name, seed = sys.argv[1:]
    sys.exit(main(Path(place), Row(game, name, int(seed))))
