"""How a batch is shared out among processes, and in each among parts that are taken one after the other, and how they
are told what all of it brought.

Which windows a batch has is a pure function of (seed, iteration). Every process reads its own of them and trains on
these; what all must know (the losses of windows, for samplers that remember, and their mean) is summed over all. So
batches, noise and losses are the same for any number of processes, to the rounding of sums.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tickworld import states
from tickworld.data.batches import Batch
from tickworld.errors import UserError
from tickworld.tensors import to_tensor
from tickworld.training.objective import TensorBatch
from tickworld.training.objectives import ObjectiveConfig, combine, weighted


class Shards:
    """The shares of the process that ``fabric`` is, of ``fabric.world_size``, in ``accumulate`` parts."""

    def __init__(self, fabric: Any, accumulate: int = 1) -> None:
        self.fabric = fabric
        self.processes: int = fabric.world_size
        self.rank: int = fabric.global_rank
        self.accumulate = accumulate

    @property
    def several(self) -> bool:
        """Whether a batch is shared out at all."""
        return self.processes * self.accumulate > 1

    def check(self, windows: int) -> None:
        """Raises UserError for a batch that is too small to be shared out."""
        shares = self.processes * self.accumulate
        if windows < shares:
            raise UserError(
                f"a batch of {windows} windows cannot be shared out among {self.processes} processes in "
                f"{self.accumulate} parts; use a --training.batch of {shares} or more, or fewer processes"
            )

    def parts(self, windows: int) -> list[slice]:
        """The windows, of so many, that this process takes: as many slices as parts, none of them empty."""
        shares = self.processes * self.accumulate
        ends = [windows * share // shares for share in range(shares + 1)]
        mine = range(self.rank * self.accumulate, (self.rank + 1) * self.accumulate)
        return [slice(ends[share], ends[share + 1]) for share in mine]

    def mine(self, windows: int) -> slice:
        """Which of so many windows this process takes."""
        parts = self.parts(windows)
        return slice(parts[0].start, parts[-1].stop)

    def own(self, batch: Batch) -> Batch:
        """Its share of a whole ``batch``."""
        if self.processes == 1:
            return batch
        mine = self.mine(len(batch.mask))
        return states.take(batch, np.arange(mine.start, mine.stop))

    def tensors(self, batch: Batch, count: int, part: slice) -> TensorBatch:
        """The windows ``part`` of ``count``, of which ``batch`` is the share of this process, as a world reads them, on
        the device of this process."""
        first = self.mine(count).start
        read = states.take(batch, np.arange(part.start - first, part.stop - first)) if self.accumulate > 1 else batch
        return tensors(read, (part.start, count), self.fabric.device)

    def apart(self, world: Any, more: bool) -> AbstractContextManager[Any]:
        """While ``more`` parts are to come, gradients of ``world`` are kept and not yet averaged."""
        return self.fabric.no_backward_sync(world, enabled=more and self.processes > 1)

    def summed(self, values: Tensor) -> Tensor:
        """``values`` added up over all processes."""
        return values if self.processes == 1 else self.fabric.all_reduce(values, reduce_op="sum")

    def total(self, count: int) -> int:
        """``count`` added up over all processes."""
        return int(self.summed(torch.tensor(int(count), device=self.fabric.device)))

    def anywhere(self, found: Tensor) -> Tensor:
        """Where ``found`` (bool) is true in any process."""
        return found if self.processes == 1 else self.summed(found.float()) > 0


class Found(NamedTuple):
    """What a whole batch brought: the loss, the averages of its ``losses`` over the batch's ``frames``, and the
    weighted loss of each window, [B]."""

    loss: float
    losses: dict[str, float]
    frames: int
    windows: NDArray[np.float32]


class Asked:
    """A world, as ``fabric.setup`` wraps it, that is asked an objective: each process its share of a batch, and all
    are told the whole answer."""

    def __init__(
        self, world: Any, objective: Callable[..., Any], config: ObjectiveConfig, shards: Shards, noise: torch.Generator
    ) -> None:
        self.world, self.objective, self.config = world, objective, config
        self.shards, self.noise = shards, noise

    def score(self, batch: Batch) -> NDArray[np.float32]:
        """The weighted loss of each window of a whole ``batch``, [B], without a gradient."""
        with torch.no_grad():
            return self(self.shards.own(batch), len(batch.mask)).windows

    def __call__(self, batch: Batch, count: int, backward: Callable[[Tensor], None] | None = None) -> Found:
        """What a batch of ``count`` windows brings, of which ``batch`` is the share of this process. With ``backward``
        gradients are added up too."""
        shards = self.shards
        if shards.several:
            whole = tensors(batch, (shards.mine(count).start, count), shards.fabric.device)
            self.config.watch(self.world.module, whole, shards.anywhere)
        parts, begin, weights = shards.parts(count), self.noise.get_state(), self.config.weights
        answer = torch.zeros(len(weights) + 1 + count, device=shards.fabric.device)
        frames = 0
        for number, part in enumerate(parts):
            self.noise.set_state(begin)  # every part draws for the whole batch
            read = shards.tensors(batch, count, part)
            with shards.apart(self.world, backward is not None and number < len(parts) - 1):
                losses = self.world(self.objective, read, self.noise)
                judged = next(iter(losses.values())).shape[1]  # the last ones, where the start is not judged
                mask, frames = read.mask[:, -judged:], frames or shards.total(batch.mask[:, -judged:].sum())
                loss = combine(losses, weights, mask, max(frames, 1))
                if backward is not None:
                    backward(loss * shards.processes)  # gradients are averaged over the processes
            with torch.no_grad():
                answer[: len(weights) + 1] += torch.stack([loss, *((losses[name] * mask).sum() for name in weights)])
                answer[len(weights) + 1 :][part] = mean(weighted(losses, weights, mask), mask)
        loss, *sums = shards.summed(answer)[: len(weights) + 1].cpu()
        averages = {name: (each / max(frames, 1)).item() for name, each in zip(weights, sums, strict=True)}
        return Found(loss.item(), averages, frames, answer[len(weights) + 1 :].cpu().numpy())


def mean(values: Tensor, mask: Tensor) -> Tensor:
    """The mean of ``values`` [B, T] over the frames that ``mask`` keeps, [B]."""
    return (values * mask).sum(1) / mask.sum(1).clamp(min=1)


def tensors(batch: Batch, place: tuple[int, int] | None = None, device: Any = "cpu") -> TensorBatch:
    """A numpy batch as a world reads it, on ``device``; ``place`` as ``TensorBatch`` has it."""
    return TensorBatch(
        params=torch.from_numpy(batch.params.astype(np.float32)).to(device),
        opening_frames=to_tensor(batch.opening_frames).to(device),
        opening_actions=torch.from_numpy(batch.opening_actions).to(device),
        frames=to_tensor(batch.frames).to(device),
        actions=torch.from_numpy(batch.actions).to(device),
        mask=torch.from_numpy(batch.mask).to(device),
        place=place,
    )
