"""Every core of the table can be chosen where a recipe is trained; one that asks for other parts too says which."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from tests.recipes.conftest import tiny

from tickworld.errors import UserError
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.models.cores import CoreConfig
from tickworld.recipes.playable import judge
from tickworld.recipes.run import begin_run, train
from tickworld.training import log

TINY: dict[str, Any] = {
    "record.episodes": 4,
    "record.ticks": 20,
    "training.iterations": 2,
    "training.batch": 2,
    "training.ticks.first": 6,
    "training.ticks.last": 6,
    "output.save": 2,
}
FRAMES = "this core starts from frames, .* use --world.initializer.kind history"
DRAWS = "objective rollout does not train what a world draws, .* use --training.objective.kind evidence"
OF_FRAMES = {
    "world.initializer.kind": "history",
    "world.renderer.kind": "palette",
    "training.objective.kind": "transition",
    "training.ticks.first": 1,
    "training.ticks.last": 1,
}
BOTH = "this core starts from frames and a vector that describes the game; use --world.initializer.kind described"
ASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "engine": (BOTH, OF_FRAMES | {"world.initializer.kind": "inferred"}),
    "snapped": (FRAMES, OF_FRAMES),
    "recall": (FRAMES, OF_FRAMES),
    "unet": (FRAMES, OF_FRAMES),
    "committee": (FRAMES, OF_FRAMES),
    "cellular": (FRAMES, {"world.initializer.kind": "history", "world.renderer.kind": "palette"}),
    "rssm": (DRAWS, {"training.objective.kind": "evidence"}),
    "mdn_rnn": (DRAWS, {"world.renderer.kind": "vae", "training.objective.kind": "evidence"}),
}
"""Cores that the recipe's other parts do not suit: what is said when they are chosen alone, and what suits them."""


def learn(core: Any, out: Path, **changes: Any) -> list[dict[str, Any]]:
    """The log of two iterations of the seed's recipe with another core, after a few ticks of evaluation."""
    usual = {"world.core.kind": core.model_fields["kind"].default}
    small = {"world.core.size": 8} if "size" in core.model_fields else {}
    run = begin_run(out, tiny("seed_gru", TINY | usual | small | changes))
    train(run)
    playable = run.playable()
    evaluation = judge(playable, EvaluationConfig(rollouts=2, frames=4))
    assert evaluation.dream_shown.shape[:2] == (2, 5)
    return log.read(run.folder / "log.jsonl")


@pytest.mark.parametrize("core", get_args(get_args(CoreConfig)[0]), ids=lambda kind: kind.model_fields["kind"].default)
def test_a_recipe_can_be_trained_with_any_core(core: Any, tmp_path: Path) -> None:
    said, suits = ASKS.get(core.model_fields["kind"].default, ("", {}))
    if said:
        with pytest.raises(UserError, match=said):
            learn(core, tmp_path / "alone")
    assert [line["iteration"] for line in learn(core, tmp_path / "suited", **suits)] == [0, 1]
