"""What a training runs on, as its flags say. Loads no torch: the command line reads it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tickworld.config import Config

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]


class Devices(Config):
    """What a training runs on. It says how fast it goes, not what it learns: a run may go on with another."""

    accelerator: Literal["cpu", "cuda"] = "cpu"
    """kind of device"""
    devices: int = Field(default=1, gt=0)
    """processes on each machine; on cuda each takes a device of its own"""
    nodes: int = Field(default=1, gt=0)
    """machines that train together; the same command is given on each"""
    rendezvous: str | None = None
    """where several machines meet, HOST:PORT of one of them"""
    precision: Precision = "32-true"
    """32-true, or bf16-mixed or 16-mixed: products of matrices in half the digits, weights in 32 bits"""
    accumulate: int = Field(default=1, gt=0)
    """parts in which a process takes its windows of a batch, one after the other, when all at once are too large"""

    compile: bool = False
    """compile what a tick of the core does in many small steps (ntm, dnc, window); takes minutes at first"""

    @property
    def processes(self) -> int:
        """How many train together."""
        return self.devices * self.nodes
