"""The table of methods: how an agent is trained, each a file and a line.

A method is a config whose ``train(task, state)`` is a generator: it plays games of the task's arena and yields a
``Report`` now and then; saving and showing are ordinary lines in the caller's ``for``. Each report holds the network as
it is and, as plain arrays, all that training needs to go on from there.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tickworld.agents.methods.evolution import Evolution
from tickworld.agents.methods.gradient import Gradient
from tickworld.agents.methods.policy_gradient import PolicyGradient

MethodConfig = Annotated[Evolution | PolicyGradient | Gradient, Field(discriminator="kind")]

METHODS: dict[str, MethodConfig] = {"cma": Evolution(), "ppo": PolicyGradient(), "gradient": Gradient()}
