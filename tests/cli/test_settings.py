"""The table of settings: every setting of every recipe, with the words of the configs' docstrings."""

from __future__ import annotations

import pytest
from rich.console import Console

from tickworld import config as configs
from tickworld.cli.settings import about, table
from tickworld.models.cores.lstm import LstmConfig
from tickworld.recipes import RECIPES, recipe


@pytest.mark.parametrize("name", RECIPES)
def test_every_setting_says_what_it_is(name: str) -> None:
    config = recipe(name)
    for setting, _ in configs.leaves(config.model_dump(mode="json")):
        assert about(config, setting), setting


def test_words_come_through_unions_and_free_mappings() -> None:
    config = configs.override(recipe("demo"), {"world.core.kind": "lstm", "game.params.serve_wait": [0, 15]})
    assert about(config, "world.core.size") == LstmConfig.model_fields["size"].description
    assert about(config, "world.core.kind").startswith("what happens when a tick passes: gru, lstm, ")
    assert about(config, "training.sampler.kind") == "which windows it sees: uniform, hard, rare, streamed"
    assert about(config, "game.params.serve_wait").startswith("params by name")


def test_the_table_has_a_row_for_each_with_its_value() -> None:
    config = configs.override(recipe("demo"), {"game.params.serve_wait": [0, 15], "data": "some/place"})
    console = Console(width=500, markup=False)
    with console.capture() as shown:
        console.print(table(config, without=("recipe",)))
    lines = [line.split() for line in shown.get().splitlines()]
    names = [line[0] for line in lines[1:]]
    assert names == [f"--{name}" for name, _ in configs.leaves(config.model_dump(mode="json")) if name != "recipe"]
    values = {line[0]: " ".join(line[1:3]) for line in lines}
    assert values["--game.params.serve_wait"] == "[0.0, 15.0]"
    assert values["--data"].startswith("some/place")
