"""A neural cellular automaton: the state is one frame in palette colours, and one small rule, the same for all pixels,
makes each pixel's next colour of the colours around it and of what is pressed.

    colours'(p) = argmax( W_3 relu(W_2 relu(W_1 patch(p) + W_a a)) + c onehot(colours(p)) )

patch(p) are the colours within ``radius`` of pixel p. The rule knows no places, no past and nothing of the rest of the
frame, so it holds for a board of any size, and if there are few neighbourhoods, all of them can be tried: a world that
is right in every one is right for ever (``benchmarks/life.py``). After Gilpin (2019, 1809.02942), who learned automata
so; here with actions, and snapped as the core ``snapped`` is.

Two modes: ``exact``, as above; ``soft``: the state carries probabilities of colours, for gradients through the game.
"""

from __future__ import annotations

import copy
from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.models.cores.snapping import COPY, SURE, check_palette
from tickworld.models.parts import Core
from tickworld.simulator import Spec
from tickworld.tensors import best_colour, nearest_colour


class CellularConfig(Config):
    """One frame and a rule that sees a pixel's neighbours: a cellular automaton."""

    kind: Literal["cellular"] = "cellular"
    mode: Literal["exact", "soft"] = "exact"
    """exact: carry on with the best colours; soft: with probabilities, for gradients through the game"""
    radius: int = Field(default=1, gt=0)
    """how many pixels in each direction the rule sees"""
    width: int = Field(default=64, gt=0)
    """units of its two layers"""
    wraps: bool = True
    """whether the frame's edges are joined; if not, beyond them is nothing"""

    def build(self, spec: Spec) -> Cellular:
        """The core for frames and actions of ``spec``. Raises UserError for a game without a palette, or one that is
        smaller than what the rule sees."""
        check_palette("cellular", spec)
        if self.radius > min(spec.height, spec.width):
            raise UserError(
                f"core cellular sees {self.radius} pixels far, and {spec.name} is {spec.height}x{spec.width}; set "
                "--world.core.radius to less"
            )
        return Cellular(self, spec)


class CellularState(NamedTuple):
    """``colours`` [B, Q, H, W] of the frame, 1 for the one that a pixel has (soft: probabilities); ``out`` [B, Q, H, W]
    their logits."""

    colours: Tensor
    out: Tensor


class Cellular(Core):
    """See the module docstring."""

    palette: Tensor

    def __init__(self, config: CellularConfig, spec: Spec) -> None:
        super().__init__()
        self.config = config
        self.soft = config.mode == "soft"
        colours, actions = len(spec.palette), len(spec.players) * len(spec.actions)
        self.start_shape = (1, spec.channels, spec.height, spec.width)
        self.out_shape = (colours, spec.height, spec.width)
        self.register_buffer("palette", torch.tensor(spec.palette).float() / 255, persistent=False)
        self.see = nn.Conv2d(colours, config.width, 2 * config.radius + 1)
        self.press = nn.Linear(actions, config.width, bias=False)
        self.think = nn.Conv2d(config.width, config.width, 1)
        self.answer = nn.Conv2d(config.width, colours, 1)

    def init(self, start: Tensor) -> CellularState:
        """The frame that was shown, in palette colours."""
        colours = self._one_hot(nearest_colour(start[:, 0], self.palette))
        return CellularState(colours, colours * SURE)

    def smooth(self) -> Cellular:
        """The same weights in soft mode."""
        twin = copy.copy(self)
        twin.soft = True
        return twin

    def update(self, state: CellularState, x: Tensor) -> CellularState:
        """One tick of the rule."""
        out = self.rule(self._widened(state.colours), x)
        return CellularState(out.softmax(1) if self.soft else self._one_hot(best_colour(out)), out)

    def rule(self, around: Tensor, x: Tensor) -> Tensor:
        """Logits [B, Q, H, W] of the next colours of pixels whose ``around`` [B, Q, H + 2R, W + 2R] is known."""
        far = self.config.radius
        now = around[..., far : around.shape[-2] - far, far : around.shape[-1] - far]
        seen = self.see(around) + self.press(x)[..., None, None]
        return self.answer(self.think(seen.relu()).relu()) + COPY * now

    def _one_hot(self, colours: Tensor) -> Tensor:
        """1 for the colour that each pixel of ``colours`` [B, H, W] has and 0 for the others, [B, Q, H, W]."""
        every = torch.arange(len(self.palette), device=colours.device, dtype=colours.dtype)
        return (colours.unsqueeze(1) == every.view(-1, 1, 1)).float()

    def _widened(self, colours: Tensor) -> Tensor:
        """Frames with what lies around them."""
        far = self.config.radius
        if not self.config.wraps:
            return F.pad(colours, (far, far, far, far))
        wide = torch.cat([colours[..., -far:], colours, colours[..., :far]], -1)
        return torch.cat([wide[..., -far:, :], wide, wide[..., :far, :]], -2)
