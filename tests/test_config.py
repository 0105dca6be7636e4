"""Configs: read back as written, changed by dotted overrides, mistakes told with the nearest name, nothing run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from tickworld import config
from tickworld.config import Config
from tickworld.errors import UserError


class Gru(Config):
    kind: Literal["gru"] = "gru"
    size: int = Field(32, gt=0)


class Lstm(Config):
    kind: Literal["lstm"] = "lstm"
    size: int = Field(32, gt=0)
    layers: int = 1


class Pair(Config):
    kind: Literal["pair"] = "pair"
    first: Annotated[Gru | Lstm, Field(discriminator="kind")] = Lstm(size=32, layers=2)
    rest: float


class Game(Config):
    name: str = "pong"
    params: dict[str, float | tuple[float, float]] = {}


class Run(Config):
    """A config with everything that ours have: a union, a free mapping, tuples, optional values."""

    core: Annotated[Gru | Lstm | Pair, Field(discriminator="kind")] = Gru(size=32)
    game: Game = Game()
    rate: float = 1e-3
    iterations: int = 100
    milestones: tuple[int, ...] = (1, 5)
    note: str | None = None
    fast: bool = False


FINITE = st.floats(allow_nan=False, allow_infinity=False)
CONFIGS = st.builds(
    Run,
    core=st.one_of(
        st.builds(Gru, kind=st.just("gru"), size=st.integers(1, 512)),
        st.builds(Lstm, kind=st.just("lstm"), size=st.integers(1, 512), layers=st.integers(1, 3)),
    ),
    game=st.builds(Game, params=st.dictionaries(st.sampled_from(["a", "b"]), FINITE)),
    rate=FINITE,
    milestones=st.lists(st.integers(0, 200), max_size=4).map(tuple),
    note=st.none() | st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(["null", "1e5", "no"]),
    fast=st.booleans(),
)


@settings(max_examples=25)  # each is flushed to the disk
@given(CONFIGS)
def test_what_is_written_comes_back_equal(tmp_path_factory: pytest.TempPathFactory, run: Run) -> None:
    place = tmp_path_factory.getbasetemp() / "run.yaml"
    config.save(run, place)
    assert config.load(Run, place) == run


def test_a_config_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        Run().rate = 1.0


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("iterations", "7", 7),
        ("iterations", "1e3", 1000),
        ("rate", "3e-4", 3e-4),
        ("rate", "1", 1.0),
        ("core.size", "64", 64),
        ("milestones", "[3, 9]", (3, 9)),
        ("note", "early exit", "early exit"),
        ("note", "null", None),
        ("fast", "true", True),
        ("game.params.serve_wait", "0", 0.0),
        ("game.params.paddle_length", "[3, 9]", (3.0, 9.0)),
    ],
)
def test_override_reads_values_as_typed(name: str, text: str, value: Any) -> None:
    run: Any = config.override(Run(), {name: text})
    for part in name.split("."):
        run = run[part] if isinstance(run, dict) else getattr(run, part)
    assert run == value and type(run) is type(value)


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({}, Lstm(size=32, layers=2)),
        ({"core.first.size": "8"}, Lstm(size=8, layers=2)),
        ({"core.first.kind": "gru", "core.first.size": "8"}, Gru(size=8)),
    ],
)
def test_a_part_of_a_newly_chosen_part_can_be_set(changes: dict[str, Any], first: Gru | Lstm) -> None:
    """Whatever the order; a kind that stays as it is keeps its settings, another one begins with its own."""
    typed = {**changes, "core.rest": "1", "core.kind": "pair"}
    assert config.override(Run(), typed).core == Pair(first=first, rest=1)
    with pytest.raises(UserError, match="there is no setting .*sise'.*did you mean 'size'"):
        config.override(Run(), {**typed, "core.first.sise": "8"})


def test_override_leaves_the_rest_and_the_original() -> None:
    before = Run(rate=0.5)
    after = config.override(before, {"core.size": 8, "iterations": "3"})
    assert after == Run(rate=0.5, core=Gru(kind="gru", size=8), iterations=3)
    assert before == Run(rate=0.5)
    assert config.override(before, {}) == before


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("iteratoins", "3", r"no setting 'iteratoins'.*did you mean 'iterations'\?"),
        ("core.sise", "3", r"no setting 'core.sise': 'sise' is unknown in 'core'; did you mean 'size'\?"),
        ("cor.size", "3", r"no setting 'cor.size': 'cor' is unknown; did you mean 'core'\?"),
        ("core.layers", "3", "known: kind, size"),
        ("rate.size", "3", "'rate' is a single value"),
        ("rate.size.deep", "3", "'rate' is a single value"),
        ("iterations", "many", "'iterations': .*valid integer.*got 'many'"),
        ("iterations", "1.5", "'iterations': "),
        ("core.size", "0", "'core.*size': .*greater than 0; got 0"),
        ("rate", ".nan", "'rate': .*finite"),
        ("rate", "1e999", "'rate': .*finite"),
        ("core", "3", "'core': "),
        ("core.kind", "grru", "'core': .*gru.*lstm"),
        ("", "3", "no setting ''"),
        (".", "3", "no setting '.'"),
        ("game.params.serve_wait", "[1, 2, 3]", "game.params.serve_wait"),
    ],
)
def test_override_tells_a_mistake_in_one_sentence(name: str, value: str, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint) as caught:
        config.override(Run(), {name: value})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_overrides_are_parsed_both_ways() -> None:
    arguments = ["--training.iterations", "100", "--seed=3", "--game.params.serve-wait", "-1", "--note=a=b"]
    assert config.parse_overrides(arguments) == {
        "training.iterations": "100",
        "seed": "3",
        "game.params.serve_wait": "-1",
        "note": "a=b",
    }


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["iterations", "3"], "expected an override such as .*got 'iterations'"),
        (["--iterations"], "override --iterations needs a value"),
        (["--", "x"], "got '--'"),
        (["-i", "3"], "got '-i'"),
    ],
)
def test_wrong_overrides_are_told(arguments: list[str], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        config.parse_overrides(arguments)


HOSTILE = [
    "!!python/object/apply:os.system ['touch {marker}']",
    "!!python/object/new:subprocess.Popen [['touch', '{marker}']]",
    "note: !!python/name:os.system ''",
    "rate: !!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{marker}']]",
    "&a [*a, *a]",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_file_runs_nothing(tmp_path: Path, text: str) -> None:
    marker = tmp_path / "marker"
    (tmp_path / "run.yaml").write_text(text.format(marker=marker))
    with pytest.raises(UserError, match="run.yaml"):
        config.load(Run, tmp_path / "run.yaml")
    assert not marker.exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"rate: [1, 2\n  x: }", "is not readable YAML"),
        (b"\xff\xfe\x00\x80", "is not readable YAML"),
        (b"[" * 100_000, "is not readable YAML"),
        (b"- 1\n- 2\n", "run.yaml: .*valid dictionary"),
        (b"", "run.yaml: "),
        (b"rte: 1", r"no setting 'rte'; did you mean 'rate'\?"),
        (b"core: {kind: lstm, sise: 3}", r"no setting 'core.*sise'; did you mean 'size'\?"),
        (b"core: {size: 3}", "core"),
        (b"rate: fast", "'rate': .*got 'fast'"),
    ],
)
def test_a_broken_file_is_told_in_one_sentence(tmp_path: Path, content: bytes, complaint: str) -> None:
    (tmp_path / "run.yaml").write_bytes(content)
    with pytest.raises(UserError, match=complaint) as caught:
        config.load(Run, tmp_path / "run.yaml")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"^there is no config at {tmp_path}/run.yaml; check the path$"):
        config.load(Run, tmp_path / "run.yaml")
    with pytest.raises(UserError, match="is not readable YAML"):
        config.load(Run, tmp_path)


def test_a_required_setting_that_is_missing_is_named() -> None:
    class Needs(Config):
        data: str

    with pytest.raises(UserError, match="^here: setting 'data': Field required$"):
        config.validate(Needs, {}, "here")


def test_an_anchor_bomb_stays_small(tmp_path: Path) -> None:
    """Nine levels of nine aliases each: a billion leaves to whoever expands them."""
    lines = ["a0: &a0 x"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    (tmp_path / "run.yaml").write_text("\n".join(lines))
    with pytest.raises(UserError, match="no setting 'a0'"):
        config.load(Run, tmp_path / "run.yaml")
    (tmp_path / "run.yaml").write_text("\n".join(lines) + "\nrate: *a9")
    with pytest.raises(UserError):
        config.load(Run, tmp_path / "run.yaml")


def test_leaves_lists_every_dotted_setting_in_order() -> None:
    found = config.leaves(Run().model_dump(mode="json"))
    assert [name for name, _ in found] == [
        "core.kind", "core.size", "game.name", "game.params", "rate", "iterations", "milestones", "note", "fast",
    ]  # fmt: skip
    assert dict(found)["milestones"] == [1, 5]


def test_the_file_is_plain_yaml_in_the_order_of_the_fields(tmp_path: Path) -> None:
    config.save(Run(), tmp_path / "run.yaml")
    assert list(yaml.safe_load((tmp_path / "run.yaml").read_text())) == list(Run.model_fields)
