"""The command line: parse, wire, print. Every command is one function in ``commands``; its docstring is its help."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs ``tickworld ARGUMENTS``. Returns the exit code: 0, 1 when a bench has rows that failed, or 2 after a user's
    mistake, which is told in one sentence."""
    from tickworld.cli.parse import run
    from tickworld.errors import UserError

    code = 0
    try:
        code = run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except UserError as error:
        print(f"tickworld: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("tickworld: interrupted; record, train and bench go on when the command is given again", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:  # whatever a path can be that no file can have
        where = f": {error.filename}" if error.filename else ""
        print(f"tickworld: {error.strerror or error}{where}; check the paths given", file=sys.stderr)
        return 2
    return code
