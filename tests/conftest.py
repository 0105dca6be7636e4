"""What every test shares: one thread (networks here are tiny), no display, the same hypothesis examples each time; and
an object storage of its own for those that ask for one."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("tickworld", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("tickworld")


class Storage:
    """A server that speaks S3 on this machine, with one bucket; what it holds outlives it."""

    def __init__(self, folder: Path) -> None:
        self.bucket = folder / "bucket"
        self.bucket.mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def variables(self) -> dict[str, str]:
        """What a process must know to find it."""
        keys = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
        return {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}", **keys}

    def start(self) -> None:
        """Serves, from now on."""
        words = [sys.executable, "-m", "localbucket", str(self.bucket.parent), "--port", str(self.port)]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the storage does not answer")

    def stop(self) -> None:
        """Dies."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    there = Storage(tmp_path / "storage")
    for name, value in there.variables.items():
        monkeypatch.setenv(name, value)
    yield there
    there.stop()
