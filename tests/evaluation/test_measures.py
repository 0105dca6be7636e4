"""The table of measures: every line gives JSON, and only those that are asked for are taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tickworld.agents import PLAYERS, player
from tickworld.errors import UserError
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.evaluation.measures import MEASURES, chosen, measure
from tickworld.evaluation.setting import Setting


def test_nothing_is_measured_unless_it_is_asked_for() -> None:
    assert EvaluationConfig().measures == () and chosen(()) == {}


def test_all_is_every_measure_in_the_order_of_the_table() -> None:
    assert list(chosen(["all"])) == list(chosen([*reversed(MEASURES)])) == list(MEASURES)
    assert len({each.key for each in MEASURES.values()}) == len(MEASURES)


def test_a_misspelt_measure_is_told() -> None:
    with pytest.raises(UserError, match="there is no measure 'evnets'; did you mean 'events'.*known: events, rules"):
        chosen(["rules", "evnets"])


def test_results_lie_under_their_keys(worn: Callable[..., Any]) -> None:
    truth, dream = worn(opening=12)
    config = EvaluationConfig(
        measures=("rules", "events"), events=1, events_ticks=600, frames=20, rules_frames=5, rules_rollouts=2
    )
    result = measure(Setting(dream, truth, player("held_out", truth), config, players=PLAYERS))
    assert list(result) == ["event_errors", "rules"]
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["rules"]["frames"] == 5 and result["event_errors"]["ticks_played"] > 0
