"""The seed's hypotheses, each as a measurement that could have come out the other way: docs/hypotheses.md.

OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/hypotheses.py --out runs/hypotheses

Every row of a question is a run of its own, from two seeds, and is kept: what is there is not made again, so questions
can be shared out among processes by naming them. The last call prints the tables of all that is there and draws the
plots into --out. A run trains for --minutes of processor time (some for a share of it), by default half a minute: half
an hour for everything on one core. What is compared has equal weights, about 60,000, and equal processor time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from questions import detectors, dilation, divergence, growth, memory, stacking
from questions.rows import Effort, Question, kept, make
from tickworld import files
from tickworld.errors import UserError

QUESTIONS: dict[str, Question] = {
    "dilation": dilation.QUESTION,
    "growth": growth.QUESTION,
    "stacking": stacking.QUESTION,
    "detectors": detectors.QUESTION,
    "memory": memory.QUESTION,
    "divergence": divergence.QUESTION,
}


def main() -> None:
    """Makes the rows that are not there, then tells of all that are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="*", help=f"which: {', '.join(QUESTIONS)}; by default all")
    parser.add_argument("--out", type=Path, default=Path("runs/hypotheses"), help="where rows, tables and plots lie")
    parser.add_argument("--minutes", type=float, default=0.5, help="processor time of a run")
    parser.add_argument("--smoke", action="store_true", help="two steps a run: shows that everything works")
    asked = parser.parse_args()
    unknown = set(asked.questions) - set(QUESTIONS)
    if unknown:
        parser.error(f"there is no question {', '.join(sorted(unknown))}; choose from {', '.join(QUESTIONS)}")
    torch.set_num_threads(1)
    asked.out.mkdir(parents=True, exist_ok=True)
    try:
        for name in asked.questions or QUESTIONS:
            make(QUESTIONS[name], asked.out, Effort(asked.minutes, asked.smoke))
    except UserError as error:
        parser.error(str(error))
    for name in asked.questions or QUESTIONS:
        question = QUESTIONS[name]
        told = question.show(kept(question, asked.out), asked.out)
        files.write_text(asked.out / f"{name}.md", told + "\n")
        print(f"\n## {question.asked}\n\n{told}")


if __name__ == "__main__":
    main()
