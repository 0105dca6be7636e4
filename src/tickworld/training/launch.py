"""Starts the processes of a training that has several, here or on several machines, with torch's elastic launcher.

The same command is run by each of them; they find out which they are from the environment (``training.engine``). If one
dies, all are ended: what was trained so far lies in the checkpoints, and the same command goes on from there.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import struct
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tickworld.errors import UserError
from tickworld.training.devices import Devices

RUN_ID = "tickworld"
GO_ON = "what is in its checkpoints is kept, and the same command goes on from there"
_SIOCGIFADDR = 0x8915
PORT = 29500
"""Where machines meet when no port is given."""


def launch(devices: Devices, command: Sequence[str]) -> int:
    """Runs ``python COMMAND`` in as many processes as this machine has in ``devices``, and waits for them.

    The first one's words are shown; where it ended badly and has said why, its exit code is returned, else 0. Raises
    UserError when another one did, after all are ended, and for machines that were not told where to meet.
    """
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.elastic.rendezvous import RendezvousError
    from torch.distributed.launcher.api import elastic_launch

    for name in ("torch.distributed.elastic", "torch.distributed.run"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # it warns of what is meant so
    with tempfile.TemporaryDirectory(prefix="tickworld-") as words:
        start = elastic_launch(_config(devices, words), sys.executable)
        try:
            with _signals():
                start(*command)
        except RendezvousError as error:
            raise UserError(
                f"the machines did not meet at {devices.rendezvous} ({error}); start the same command on each of the "
                f"{devices.nodes}, and check that the address is one of theirs"
            ) from error
        except ChildFailedError as error:
            return _ended(list(error.failures.values()), Path(words))
    return 0


def _config(devices: Devices, words: str) -> Any:
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, Std
    from torch.distributed.launcher.api import LaunchConfig

    if devices.nodes > 1 and devices.rendezvous is None:
        raise UserError(
            f"{devices.nodes} machines need a place to meet; got --nodes {devices.nodes} alone; add --rendezvous "
            f"HOST:{PORT}, the same on each, where HOST is one of them"
        )
    place = devices.rendezvous or "localhost:0"
    host, _, port = place.rpartition(":")
    if not host or not port.isdecimal():
        raise UserError(f"--rendezvous takes HOST:PORT, such as 10.0.0.1:{PORT}; got {place}")
    own, configs = "localhost", {}
    if devices.nodes > 1:
        there, own = _addresses(host, int(port))
        configs = {"is_host": there == own}
        if interface := _interface(own):
            os.environ.setdefault("GLOO_SOCKET_IFNAME", interface)  # gloo asks the name service, which may not know
    return LaunchConfig(
        min_nodes=devices.nodes,
        max_nodes=devices.nodes,
        nproc_per_node=devices.devices,
        run_id=RUN_ID,
        rdzv_backend="c10d",
        rdzv_endpoint=place,
        rdzv_configs=configs,
        local_addr=own,
        max_restarts=0,
        monitor_interval=0.2,
        logs_specs=DefaultLogsSpecs(log_dir=words, redirects={rank: Std.ALL for rank in range(1, devices.devices)}),
    )


def _addresses(host: str, port: int) -> tuple[str, str]:
    """The address of ``host``, and this machine's as that one sees it. Raises UserError for one that cannot be
    reached at all."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            there = socket.gethostbyname(host)
            asked.connect((there, port or PORT))  # nothing is sent
            return there, asked.getsockname()[0]
    except OSError as error:
        raise UserError(f"--rendezvous {host}:{port} cannot be reached ({error}); check the address") from error


def _interface(address: str) -> str | None:
    """The name of the network interface with this address, where the system tells (Linux)."""
    try:
        import fcntl

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            for _, name in socket.if_nameindex():
                with contextlib.suppress(OSError):  # it has no address
                    told = fcntl.ioctl(asked.fileno(), _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                    if socket.inet_ntoa(told[20:24]) == address:
                        return name
    except (ImportError, OSError):
        pass
    return None


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """The launcher turns signals into an error of its own; here an interrupt is an interrupt."""
    from torch.distributed.elastic.multiprocessing.api import SignalException

    try:
        yield
    except SignalException as error:
        if error.sigval == signal.SIGINT:
            raise KeyboardInterrupt from None
        raise UserError(f"training was ended by {error.sigval.name}; {GO_ON}") from None


def _ended(failures: list[Any], words: Path) -> int:
    """The exit code of the first process, if that has told the reason. Raises UserError with the reason otherwise."""
    for each in failures:
        if each.exitcode < 0 and each.exitcode != -signal.SIGTERM:
            name = signal.Signals(-each.exitcode).name
            raise UserError(f"process {each.local_rank} of this training was killed ({name}), so all ended; {GO_ON}")
    for each in failures:
        if each.local_rank == 0:
            return max(each.exitcode, 1)
    rank = failures[0].local_rank
    said = [line for path in words.rglob(f"{rank}/stderr.log") for line in path.read_text().splitlines() if line]
    raise UserError(
        said[-1].removeprefix("tickworld: ")
        if said
        else f"process {rank} of this training ended with exit code {failures[0].exitcode}, so all ended; {GO_ON}"
    )
