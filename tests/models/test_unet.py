"""The core of snapped frames under a U-Net: it sees all of a frame, of any size, and a vector can say which game it
is."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from tickworld.errors import UserError
from tickworld.models.cores.snapping import SnappedState
from tickworld.models.cores.unet import Unet, UnetConfig
from tickworld.simulator import Spec

HEIGHT, WIDTH = 7, 10
SPEC = Spec(
    name="dot",
    height=HEIGHT,
    width=WIDTH,
    channels=1,
    players=("one",),
    actions=("stay", "left", "right"),
    palette=((0,), (255,)),
    params=(),
)
SMALL = UnetConfig(frames=1, reach=(1, 1), ages=4, widths=(8, 16), dense=32, told=16)


def core(**settings: Any) -> Any:
    """An untrained one that asks every pixel."""
    torch.manual_seed(0)
    made: Any = UnetConfig.model_validate(SMALL.model_dump() | settings).build(SPEC)
    made.lively[:] = made.remote[:] = True
    return made


def dots(columns: Tensor) -> Tensor:
    """Frames [B, H, W] with a dot in the middle row."""
    frames = torch.zeros(len(columns), HEIGHT, WIDTH, dtype=torch.uint8)
    frames[torch.arange(len(columns)), HEIGHT // 2, columns % WIDTH] = 1
    return frames


def at(made: Any, columns: Tensor, game: Tensor | None = None) -> Any:
    """The state of dots that stand still in these columns."""
    start = dots(columns).float().unflatten(0, (-1, 1, 1)).expand(-1, 4, -1, -1, -1)
    if game is None:
        return made.init(start)
    return made.init(torch.cat([start.flatten(1), game], 1).unsqueeze(2))


def drawn(number: int) -> tuple[Tensor, Tensor]:
    """Columns and keys [64]; a dot goes where the key says, and around at the edges."""
    chance = torch.Generator().manual_seed(number)
    return torch.randint(WIDTH, (64,), generator=chance), torch.randint(3, (64,), generator=chance)


def moved(columns: Tensor, keys: Tensor) -> Tensor:
    return dots(columns + (keys == 2).long() - (keys == 1).long())


def learned(made: Any, blind: bool = False, games: bool = False) -> float:
    """The share of frames that are right after a short training. In the ``games`` of vector -1 left is right."""
    optimiser = torch.optim.Adam(made.parameters(), 1e-2)
    right = 0.0
    for number in range(300 if games else 120):
        columns, keys = drawn(number)
        sign = 2 * (torch.arange(64) % 2) - 1
        truth = moved(columns, torch.where(sign > 0, keys, (3 - keys) % 3) if games else keys)
        state = at(made, columns, sign.float().unsqueeze(1) if games else None)
        x = one_hot(keys, 3).float() * (not blind)
        look = made.look(state, x)
        rows = torch.arange(64).repeat_interleave(HEIGHT * WIDTH)
        found = made.logits(look, rows, torch.arange(HEIGHT * WIDTH).repeat(64))
        loss = cross_entropy(found, truth.flatten().long(), reduction="sum") / 64
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        right = (found.argmax(1).view(64, -1) == truth.flatten(1)).all(1).float().mean().item()
    return right


def test_it_learns_where_a_dot_goes() -> None:
    assert learned(core()) == 1


def test_it_does_not_without_the_keys() -> None:
    assert learned(core(), blind=True) < 0.7


def test_a_vector_says_which_game_it_is_and_stays_the_same_when_baked() -> None:
    made = core(vector=1)
    assert learned(made, games=True) == 1
    columns, keys = drawn(999)
    x = one_hot(keys, 3).float()
    for sign in (-1.0, 1.0):
        plain = made.baked(torch.tensor([sign]))
        assert type(plain) is Unet and plain.config.vector == 0
        told = made.update(at(made, columns, torch.full((64, 1), sign)), x)
        torch.testing.assert_close(plain.update(at(plain, columns), x).out, told.out)
        assert torch.equal(told.frames[:, -1], moved(columns, keys if sign > 0 else (3 - keys) % 3))


def test_every_pixel_sees_all_of_the_frame() -> None:
    made = core(mode="soft")
    state = at(made, torch.tensor([0]))
    frames = state.frames.clone().requires_grad_()
    look = made.look(SnappedState(frames, state.age, state.out), torch.zeros(1, 3))
    look.every[0, 1, -1].backward()
    assert frames.grad is not None and (frames.grad[0, 0, 1] != 0).all()


def test_what_it_cannot_be() -> None:
    with pytest.raises(UserError, match="a vector of an engine has fewer numbers than a frame, 70; got 80"):
        core(vector=80)
    with pytest.raises(ValueError, match="multiple of 8"):
        UnetConfig(widths=(12,))
    grey = Spec("grey", 8, 8, 1, ("one",), ("stay",), (), ())
    with pytest.raises(UserError, match="core unet needs a game with a palette"):
        SMALL.build(grey)
