"""Where training runs: the one module that knows Lightning Fabric.

One CPU process unless ``Devices`` says more. With more, each process has the whole world and takes its part of every
batch (data parallelism, DDP): gradients are averaged, so all have the same weights at all times.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Any

import torch

from tickworld.errors import UserError
from tickworld.training.devices import Devices

_LOST = ("gloo", "NCCL", "Connection closed", "Connection reset", "Broken pipe", "Socket")
"""What torch says when another process of a group is gone."""
_PATIENCE = 10.0  # seconds


def is_launched() -> bool:
    """Whether this is one of the processes that were started to train together."""
    return torch.distributed.is_available() and torch.distributed.is_torchelastic_launched()


def engine(devices: Devices | None = None) -> Any:
    """A Fabric on ``devices``, launched: with several processes this is one of them and waits for the others.

    Imported late: it takes three seconds, and only training needs it. Raises UserError for devices that are not there,
    and for several processes where only one was started.
    """
    devices = devices or Devices()
    for name in ("lightning_fabric", "lightning_fabric.utilities.distributed", "lightning_fabric.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.WARNING)
    from lightning_fabric import Fabric
    from lightning_fabric.strategies.ddp import DDPStrategy

    _check_there(devices)
    strategy: Any = "auto"
    if devices.processes > 1:
        # What an objective asks may leave weights out; buffers are the same in all by construction.
        strategy = DDPStrategy(find_unused_parameters=True, forward_sync_buffers=False)
    fabric = Fabric(
        accelerator=devices.accelerator,
        devices=devices.devices,
        num_nodes=devices.nodes,
        precision=devices.precision,
        strategy=strategy,
    )
    fabric.launch()
    return fabric


def _check_there(devices: Devices) -> None:
    if devices.accelerator == "cuda":
        there = torch.cuda.device_count()
        if devices.devices > there:
            raise UserError(
                f"this machine has {there} cuda devices; got --devices {devices.devices}; ask for fewer, or for "
                "--accelerator cpu"
            )
    if devices.processes > 1 and not is_launched():
        raise UserError(
            f"{devices.processes} processes train together only when all are started; use `tickworld train --devices "
            f"{devices.devices} --nodes {devices.nodes}` or torchrun"
        )


@contextlib.contextmanager
def together(fabric: Any) -> Iterator[None]:
    """What is done within is done with all processes. Raises UserError when one of them is no longer there."""
    try:
        yield
    except RuntimeError as error:
        if fabric.world_size == 1 or not any(sign in str(error) for sign in _LOST):
            raise
        time.sleep(_PATIENCE)  # the launcher ends this process meanwhile, and says what happened to the other one
        raise UserError(
            "another process of this training has ended; what is in its checkpoints is kept, and the same command "
            "goes on from there"
        ) from error


def close() -> None:
    """Leaves the other processes, if there are any."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
