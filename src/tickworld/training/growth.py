"""How long the windows of an iteration are.

    by share      a pure function of the iteration: ``GrowthConfig.at``
    by success    one step longer each time that the mean loss at the present length has fallen below a threshold
    mixed         some iterations go back to an earlier length: which, and to which, follows from (seed, iteration)

Growing by success is the one thing that remembers: the length, and the mean so far. It is saved with a checkpoint.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tickworld import seeds
from tickworld.training.curriculum import GrowthConfig


class Growth:
    """See the module docstring."""

    def __init__(self, config: GrowthConfig, iterations: int, seed: int) -> None:
        self.config = config
        self.iterations = iterations
        self.seed = seed
        self.lengths = config.lengths
        self.rung = 0  # by success: which of the lengths it has come to
        self.mean = 0.0  # the loss there, averaged
        self.count = 0  # over so many iterations, at most ``over``

    def at(self, iteration: int) -> int:
        """Ticks of the windows of ``iteration``."""
        present = self._present(iteration)
        earlier = [length for length in self.lengths if length < present]
        back, which = (seeds.uniform(self.seed, "length", iteration, draw).item() for draw in (0, 1))
        return earlier[int(which * len(earlier))] if earlier and back < self.config.mixed else present

    def learn(self, ticks: int, loss: float) -> None:
        """Takes note of the ``loss`` of an iteration with windows of ``ticks`` ticks; only the present length counts.

        The mean is a plain one at first and then forgets, so that a length is held for ``over`` iterations at least.
        """
        if not self.config.below or ticks != self.lengths[self.rung]:
            return
        self.count = min(self.count + 1, self.config.over)
        self.mean += (loss - self.mean) / self.count
        if self.count == self.config.over and self.mean < self.config.below and self.rung + 1 < len(self.lengths):
            self.rung, self.mean, self.count = self.rung + 1, 0.0, 0

    def state(self) -> dict[str, Tensor]:
        """What is to be saved; nothing when the iteration says it all."""
        if not self.config.below:
            return {}
        mean = torch.tensor(self.mean, dtype=torch.float64)
        return {"rung": torch.tensor(self.rung), "mean": mean, "count": torch.tensor(self.count)}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Goes on from what was saved. Raises KeyError or ValueError for what is none of this config's."""
        rung, mean, count = int(state["rung"]), float(state["mean"]), int(state["count"])
        if not (0 <= rung < len(self.lengths) and 0 <= count <= self.config.over):
            raise ValueError(f"length {rung} of {len(self.lengths)} with a mean over {count} iterations")
        self.rung, self.mean, self.count = rung, mean, count

    def _present(self, iteration: int) -> int:
        """The length that it has grown to."""
        return self.lengths[self.rung] if self.config.below else self.config.at(iteration, self.iterations)
