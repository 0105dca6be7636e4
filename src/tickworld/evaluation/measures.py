"""The table of measures: what can be measured of a world beside its horizons. One line each.

They cost time of their own, so an evaluation takes only those that ``EvaluationConfig.measures`` names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tickworld.errors import choose
from tickworld.evaluation.control import controls
from tickworld.evaluation.determinism import differences
from tickworld.evaluation.events import event_errors
from tickworld.evaluation.repair import repairs
from tickworld.evaluation.rewards import rewards
from tickworld.evaluation.rules import rule_violations
from tickworld.evaluation.search import searched
from tickworld.evaluation.setting import Measure, Setting
from tickworld.evaluation.suites import suite_horizons
from tickworld.evaluation.trust import trusted
from tickworld.evaluation.valid_time import valid_times

MEASURES: dict[str, Measure] = {
    "events": Measure("event_errors", event_errors),
    "rules": Measure("rules", rule_violations),
    "suites": Measure("suites", suite_horizons),
    "search": Measure("search", searched),
    "repair": Measure("repair", repairs),
    "control": Measure("control", controls),
    "determinism": Measure("determinism", differences),
    "trust": Measure("trust", trusted),
    "rewards": Measure("rewards", rewards),
    "valid_time": Measure("valid_time", valid_times),
}

ALL = "all"
"""The name that stands for every measure."""


def chosen(names: Sequence[str]) -> dict[str, Measure]:
    """The measures of these ``names``; "all" names every one. Raises UserError with near matches for a wrong name."""
    known = MEASURES | {ALL: None}
    for name in names:
        choose(known, name, "measure")
    return {name: each for name, each in MEASURES.items() if name in names or ALL in names}


def measure(setting: Setting) -> dict[str, Any]:
    """The results of the measures that ``setting.config`` names, by their keys in evaluation.json."""
    return {each.key: each.take(setting) for each in chosen(setting.config.measures).values()}
