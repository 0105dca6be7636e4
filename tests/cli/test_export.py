"""``tickworld export`` from the words to the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tickworld.cli import main
from tickworld.export.metadata import read_starts


def test_a_run_is_exported(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tiny.onnx"
    assert main(["export", str(made), "-o", str(path)]) == 0
    shown = capsys.readouterr()
    size, ports_in, ports_out, played = shown.out.splitlines()
    assert size.startswith(f"{path} has ") and size.endswith(" kB: one tick of pong")
    frames = "uint8 [batch, 3, 32, 32]"
    assert ports_in.startswith(f"in   frames {frames}, age uint8 [batch, 32, 32], out float32 [batch, 2, 32, 32], act")
    assert ports_out.startswith(f"out  frames_out {frames}, ") and ports_out.endswith(
        ", frame float32 [batch, 1, 32, 32]"
    )
    assert "games of 8 ticks in onnxruntime and in torch: " in played and played.endswith(" apart")
    assert shown.err.splitlines()[0] == "tracing one tick of pong ..."
    assert read_starts(path.read_bytes())["frames"].shape[1:] == (3, 32, 32)


def test_a_run_is_exported_as_a_page(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Tiny.HTML"
    assert main(["export", str(made), "-o", str(path)]) == 0
    size, played = capsys.readouterr().out.splitlines()
    assert size.startswith(f"{path} has ")
    assert size.endswith(" MB: pong, to be opened in a browser; it needs no network")
    assert "games of 8 ticks in onnxruntime and in torch: " in played
    text = path.read_text(encoding="utf-8")
    assert '"recipe":"demo"' in text and '"calibration":null' in text


def test_mistakes_are_told_before_any_work(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place, out, complaint in (
        (made, "x.gif", "export writes a web page or an ONNX file; got 'x.gif'; name it something.html or something"),
        (made, "x", "export writes a web page or an ONNX file; got 'x'"),
        (tmp_path / "none", "x.onnx", "does not exist; give the folder that `tickworld train` made"),
    ):
        assert main(["export", str(place), "-o", str(tmp_path / out)]) == 2
        shown = capsys.readouterr()
        assert shown.out == "" and shown.err.startswith("tickworld: ") and complaint in shown.err
        assert shown.err.count("\n") == 1 and not (tmp_path / out).exists()
