"""A reward model: what a tick brought each player and whether it ended the game, told from frames alone.

It is a network of its own beside a world and shares nothing with it, so a world of any kind can be given one after it
was trained, and goes on dreaming what it dreamt (as in DIAMOND, Alonso et al. 2024, 2405.12399). It was trained on true
frames, and in a dream it is shown the dreamt ones.

    x      = the last K frames in palette colours, and where the newest differs from the one before
    h_0    = relu(conv 5x5, stride 2 (x)),   h_i = relu(conv 3x3, stride 2 (h_(i-1)))   until no side has over 4 pixels
    logits = W_o relu(W_h flatten(h) + W_a a)

Where a recording holds few different outcomes, each is a class: the reward of every player together with whether the
game was over, and what is told is the likeliest. Where rewards are of many values, the classes say only whether it was
over, and the reward is that class's mean plus a linear function of the last layer.

Ticks that bring something are few, so training sees as many of each outcome (see ``training.rewards``). What is told
is set right by Bayes' rule, with the ``share`` that outcome y had of all recorded ticks and the one, q, that it had in
training (King and Zeng 2001, "Logistic regression in rare events data", Political Analysis 9):

    p(y | x) is proportional to softmax(logits)_y share_y / q_y         q_y = 1/2 share_y + 1/2 1/V for V outcomes
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.simulator import Spec
from tickworld.tensors import nearest_colour, one_hot

SMALL = 4
"""Pixels to a side at which a picture is no longer made smaller."""
MOST_COLOURS = 16
"""A larger palette is given as brightness of its channels, and not as one plane for each colour."""
SOFT = 0.25
"""Brightness over which one colour turns into another, for slopes only."""


class Outcome(Config):
    """What a tick can bring."""

    reward: tuple[float, ...]
    """of each player"""
    over: bool
    """whether the game ended"""
    share: float = Field(gt=0, le=1)
    """how often, of all recorded ticks"""


class RewardModelConfig(Config):
    """A reward model: its size, and the outcomes that it tells apart."""

    frames: int = Field(default=2, ge=2, le=16)
    """how many last frames it sees, the newest included"""
    width: int = Field(default=16, gt=0, le=1024)
    """channels of its convolutions"""
    hidden: int = Field(default=32, gt=0, le=4096)
    """units of its last layer"""
    outcomes: tuple[Outcome, ...] = Field(min_length=1, max_length=32)
    """what a tick can bring"""
    spread: tuple[float, ...] | None = None
    """of each player's rewards around those of their outcome, where these are means; None: outcomes say all"""

    @property
    def ends(self) -> bool:
        """Whether games were seen to end."""
        return any(outcome.over for outcome in self.outcomes)

    def build(self, spec: Spec) -> RewardModel:
        """The model for frames and actions of ``spec``, a game's."""
        return RewardModel(self, spec)


class Answer(NamedTuple):
    """``logits`` [B, V] of the outcomes as they are in training, and the ``extra`` reward [B, P] of each player in
    spreads; no columns where outcomes say all."""

    logits: Tensor
    extra: Tensor


class Told(NamedTuple):
    """``reward`` [B, P], the likeliest, and the probability ``over`` [B] that the game has ended."""

    reward: Tensor
    over: Tensor


class RewardModel(nn.Module):
    """See the module docstring."""

    palette: Tensor
    rewards: Tensor
    over: Tensor
    prior: Tensor
    spread: Tensor

    def __init__(self, config: RewardModelConfig, spec: Spec) -> None:
        super().__init__()
        self.config = config
        self.action_count, players = len(spec.actions), len(spec.players)
        self.by_colour = 2 <= len(spec.palette) <= MOST_COLOURS
        shares = torch.tensor([outcome.share for outcome in config.outcomes])
        constants = {
            "palette": torch.tensor(spec.palette).float().view(-1, spec.channels) / 255,
            "rewards": torch.tensor([outcome.reward for outcome in config.outcomes]),
            "over": torch.tensor([float(outcome.over) for outcome in config.outcomes]),
            "prior": (shares / sampled(shares)).log(),
            "spread": torch.tensor(config.spread or ()),
        }
        for name, value in constants.items():
            self.register_buffer(name, value, persistent=False)
        planes = config.frames * (len(spec.palette) - 1 if self.by_colour else spec.channels) + 1
        sides, layers = [spec.height, spec.width], list[nn.Module]()
        while not layers or max(sides) > SMALL:
            size = 3 if layers else 5
            layers += [nn.Conv2d(planes, config.width, size, stride=2, padding=size // 2), nn.ReLU()]
            planes, sides = config.width, [(side + 1) // 2 for side in sides]
        self.look = nn.Sequential(*layers, nn.Flatten())
        self.gather = nn.Linear(config.width * sides[0] * sides[1], config.hidden)
        self.press = nn.Linear(players * self.action_count, config.hidden, bias=False)
        self.answer = nn.Linear(config.hidden, len(config.outcomes) + len(self.spread))

    def forward(self, frames: Tensor, actions: Tensor) -> Answer:
        """What it makes of the last K ``frames`` [B, K, C, H, W] in 0..1, the newest last, and of the ``actions``
        [B, P] that led to it."""
        return self._answered(self._planes(frames), one_hot(actions, self.action_count))

    def tell(self, frames: Tensor, actions: Tensor) -> Told:
        """The likeliest reward and the probability of an end, of the same."""
        answer = self(frames, actions)
        chance = (answer.logits + self.prior).softmax(1)
        reward = self.rewards[chance.argmax(1)]
        return Told(reward + answer.extra * self.spread if len(self.spread) else reward, chance @ self.over)

    def mean(self, frames: Tensor, shares: Tensor) -> Tensor:
        """The mean reward [B, P] over all outcomes, which has a slope where the likeliest has none: of ``frames`` as in
        ``forward`` and of the ``shares`` [B, P, A] for which each action was pressed. Colours are told apart as ever,
        and their slope is that of a gradual change from one to the next."""
        answer = self._answered(self._planes(frames, SOFT), shares.flatten(1))
        reward = (answer.logits + self.prior).softmax(1) @ self.rewards
        return reward + answer.extra * self.spread if len(self.spread) else reward

    def size(self) -> int:
        """How many trained numbers it has."""
        return sum(parameter.numel() for parameter in self.parameters())

    def _answered(self, planes: Tensor, pressed: Tensor) -> Answer:
        """What it makes of ``planes`` [B, planes, H, W] and of what was ``pressed`` [B, P * A]."""
        answer = self.answer((self.gather(self.look(planes)) + self.press(pressed)).relu())
        return Answer(*answer.split([len(self.config.outcomes), len(self.spread)], 1))

    def _planes(self, frames: Tensor, soft: float = 0.0) -> Tensor:
        """The frames as the first layer sees them, [B, planes, H, W]; with a slope where ``soft`` says how gradual."""
        changed = (frames[:, -1] - frames[:, -2]).abs().amax(1, keepdim=True)
        if self.by_colour:
            colours = nearest_colour(frames, self.palette).unsqueeze(2)
            every = torch.arange(1, len(self.palette), dtype=torch.uint8, device=frames.device)
            planes = (colours == every.view(-1, 1, 1)).to(frames.dtype)
            if soft:
                off = (frames.unsqueeze(2) - self.palette.to(frames.dtype)[:, :, None, None]).abs().sum(3)
                share = (off / -soft).softmax(2)[:, :, 1:]
                planes = planes + (share - share.detach())
            frames = planes
        return torch.cat([frames.flatten(1, 2), changed], 1)


def sampled(shares: Tensor) -> Tensor:
    """The shares [V] that outcomes have in training when they have ``shares`` [V] of the recorded ticks."""
    return 0.5 * shares + 0.5 / len(shares)
