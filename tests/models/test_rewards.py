"""A reward model tells the likeliest outcome, whatever share of its training an outcome had, of frames of any kind."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tickworld.games import game
from tickworld.models.rewards import MOST_COLOURS, Outcome, RewardModel, RewardModelConfig, sampled
from tickworld.simulator import Spec

PONG = game("pong").spec
NOTHING = Outcome(reward=(0.0, 0.0), over=False, share=0.9)
POINT = Outcome(reward=(1.0, -1.0), over=False, share=0.08)
END = Outcome(reward=(-1.0, 1.0), over=True, share=0.02)


def model(
    *outcomes: Outcome, spec: Spec = PONG, spread: tuple[float, ...] | None = None, frames: int = 2
) -> RewardModel:
    torch.manual_seed(0)
    config = RewardModelConfig(
        frames=frames, width=4, hidden=8, outcomes=outcomes or (NOTHING, POINT, END), spread=spread
    )
    return config.build(spec).eval()


def some(count: int = 5, spec: Spec = PONG, frames: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    shape = (count, frames, spec.channels, spec.height, spec.width)
    return (torch.rand(shape) > 0.9).float(), torch.randint(0, len(spec.actions), (count, len(spec.players)))


def silent(one: RewardModel) -> RewardModel:
    """Without an opinion of its own: all logits are 0."""
    with torch.no_grad():
        for weight in one.parameters():
            weight.zero_()
    return one


def test_without_evidence_it_tells_what_is_common() -> None:
    """In training the three come as (0.617, 0.207, 0.177); equal logits then mean what was recorded over that."""
    shares = torch.tensor([0.9, 0.08, 0.02])
    odds = shares / sampled(shares)
    told = silent(model()).tell(*some())
    assert told.reward.tolist() == [[0.0, 0.0]] * 5
    torch.testing.assert_close(told.over, torch.full((5,), float(odds[2] / odds.sum())))


def test_what_training_showed_more_often_is_not_told_more_often() -> None:
    """A network that answers just as often as it was shown things tells them as often as they were recorded."""
    one = silent(model())
    with torch.no_grad():
        one.answer.bias.copy_(sampled(torch.tensor([0.9, 0.08, 0.02])).log())
    torch.testing.assert_close(one.tell(*some()).over, torch.full((5,), 0.02))


def test_it_tells_what_it_is_sure_of() -> None:
    one = silent(model())
    with torch.no_grad():
        one.answer.bias.copy_(torch.tensor([0.0, 0.0, 30.0]))
    told = one.tell(*some())
    assert told.reward.tolist() == [[-1.0, 1.0]] * 5 and (told.over > 0.999).all()


def test_a_reward_of_many_values_is_the_mean_of_its_outcome_and_more() -> None:
    one = silent(model(Outcome(reward=(2.0, 3.0), over=False, share=1.0), spread=(0.5, 4.0)))
    with torch.no_grad():
        one.answer.bias.copy_(torch.tensor([0.0, 2.0, -1.0]))
    told = one.tell(*some())
    assert told.reward.tolist() == [[3.0, -1.0]] * 5 and told.over.tolist() == [0.0] * 5
    assert not one.config.ends and model().config.ends


def test_it_sees_colours_and_not_shades() -> None:
    """A dream that is a little unsure is read as the game's own colours."""
    one, (frames, actions) = model(), some()
    torch.testing.assert_close(one.tell(frames * 0.7 + 0.1, actions).reward, one.tell(frames, actions).reward)
    assert torch.equal(one._planes(frames * 0.7 + 0.1)[:, :2], one._planes(frames)[:, :2])


def test_every_row_is_told_by_itself() -> None:
    one, (frames, actions) = model(frames=3), some(frames=3)
    whole = one.tell(frames, actions)
    for row in range(5):
        alone = one.tell(frames[row : row + 1], actions[row : row + 1])
        torch.testing.assert_close(alone.over[0], whole.over[row])


def test_it_sees_all_that_it_is_given() -> None:
    """The newest frame, the one before, and what was pressed each change the answer."""
    one, (frames, actions) = model(), some()
    before = one(frames, actions).logits
    for place in (0, 1):
        other = frames.clone()
        other[:, place, :, 9, 9] = 1 - other[:, place, :, 9, 9]
        assert not torch.allclose(one(other, actions).logits, before)
    assert not torch.allclose(one(frames, (actions + 1) % 3).logits, before)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (8, 5), (64, 96), (84, 84)])
@pytest.mark.parametrize("colours", [0, 3, MOST_COLOURS + 1])
def test_frames_of_any_size_and_colours(height: int, width: int, colours: int) -> None:
    palette = tuple((shade, 0, 255 - shade) for shade in range(colours))
    spec = replace(PONG, height=height, width=width, channels=3, palette=palette)
    one = model(spec=spec)
    assert one.tell(*some(spec=spec)).reward.shape == (5, 2)
    assert one.size() < 20_000


def test_the_mean_is_over_all_that_could_be_and_has_a_slope() -> None:
    one, (frames, actions) = model(), some()
    shares = torch.nn.functional.one_hot(actions, len(PONG.actions)).float()
    chance = (one(frames, actions).logits + one.prior).softmax(1)
    torch.testing.assert_close(one.mean(frames, shares), chance @ one.rewards)
    frames.requires_grad_()
    one.mean(frames, shares)[:, 0].sum().backward()
    assert frames.grad is not None and (frames.grad != 0).any()
    numbers = model(NOTHING, spread=(2.0, 2.0))
    torch.testing.assert_close(numbers.mean(frames, shares), numbers.tell(frames, actions).reward)
