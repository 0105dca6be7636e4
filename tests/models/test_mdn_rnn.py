"""The mixture density RNN: its equations against torch's own distributions, and chance that it learns as chance."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal
from torch.nn.functional import one_hot

from tickworld.models.cores.mdn_rnn import NARROWEST, MdnRnn, MdnRnnConfig
from tickworld.simulator import Spec

BATCH, TICKS = 32, 12


def core(spec: Spec, code: int = 2, components: int = 3, temperature: float = 1.0) -> MdnRnn:
    torch.manual_seed(0)
    return MdnRnnConfig(size=16, code=code, components=components, temperature=temperature).build(spec)


def inputs(built: MdnRnn, keys: Tensor, noise: Tensor | None = None) -> Tensor:
    zeros = torch.zeros(*keys.shape, built.noise)
    return torch.cat([one_hot(keys, 3).float(), zeros if noise is None else noise], -1)


def some(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_one_tick_is_an_lstm_and_a_mixture(spec: Spec) -> None:
    built, keys = core(spec, temperature=0.25), torch.tensor([0, 2, 1, 1])
    state, noise = built.init(some(1, 4, 32)), some(2, 4, 5)
    cell = torch.nn.LSTMCell(2 + 3, 16)
    cell.load_state_dict({name.removesuffix("_l0"): each for name, each in built.rnn.state_dict().items()})
    hidden, carried = cell(torch.cat([state.out, one_hot(keys, 3).float()], 1), (state.hidden, state.cell))
    after = built.update(state, inputs(built, keys, noise))
    torch.testing.assert_close(after.hidden, hidden)
    torch.testing.assert_close(after.cell, carried)
    told = built.head(hidden)
    logits, means, deviations = told[:, :3], told[:, 3:9].view(4, 3, 2), told[:, 9:].view(4, 3, 2).exp()
    chance = -(-(0.5 * (1 + (noise[:, :3] / math.sqrt(2)).erf())).log()).log()
    for row, k in enumerate((logits / 0.25 + chance).argmax(1)):
        expected = means[row, k] + deviations[row, k] * 0.5 * noise[row, 3:]
        torch.testing.assert_close(after.out[row], expected, rtol=1e-4, atol=1e-5)


def test_surprise_is_the_negative_log_likelihood(spec: Spec) -> None:
    built = core(spec)
    state, seen = built.init(some(1, 4, 32)), some(2, 4, 2)
    after, surprise = built.observe(state, seen, torch.zeros(4, built.noise))
    told = built.head(state.hidden)
    components = Normal(told[:, 3:9].view(4, 3, 2), told[:, 9:].view(4, 3, 2).exp())
    expected = MixtureSameFamily(Categorical(logits=told[:, :3]), Independent(components, 1)).log_prob(seen)
    torch.testing.assert_close(surprise, -expected)
    assert torch.equal(after.out, seen) and torch.equal(after.hidden, state.hidden)


def test_without_noise_it_goes_on_as_is_likeliest(spec: Spec) -> None:
    built = core(spec)
    state = built.init(some(1, 4, 32))
    told = built.head(state.hidden)
    assert torch.equal(state.out, told[:, 3:9].view(4, 3, 2)[torch.arange(4), told[:, :3].argmax(1)])


def test_no_gradient_makes_codes_easier_to_foresee(spec: Spec) -> None:
    built, seen = core(spec), some(2, 4, 2).requires_grad_()
    built.observe(built.init(some(1, 4, 32)), seen, torch.zeros(4, built.noise))[1].sum().backward()
    assert seen.grad is None


def test_deviations_have_a_floor(spec: Spec) -> None:
    built = core(spec)
    built.head.bias.data[9:] = -50
    assert torch.equal(built.mixture(some(1, 4, 16)).log_deviation, torch.full((4, 3, 2), NARROWEST))


def coins(seed: int, batch: int = BATCH) -> tuple[Tensor, Tensor]:
    """Keys [B, T], and codes [B, T, 1]: key 1 two ticks ago throws a coin that lands near -1 or 1; else near 0."""
    chance = torch.Generator().manual_seed(seed)
    keys = torch.randint(2, (batch, TICKS), generator=chance)
    side = torch.randint(2, (batch, TICKS), generator=chance) * 2.0 - 1
    late = torch.nn.functional.pad(keys, (2, 0))[:, :TICKS]
    return keys, (late * side + 0.1 * torch.randn(batch, TICKS, generator=chance)).unsqueeze(2)


def fallen(components: int, spec: Spec, steps: int = 300) -> tuple[MdnRnn, float]:
    """A core that has seen coins fall, and its mean surprise at new ones in nats."""
    built = core(spec, code=1, components=components)
    optimizer = torch.optim.Adam(built.parameters(), lr=1e-2)
    surprise = torch.zeros(())
    for step in range(steps + 1):
        keys, seen = coins(step)
        start = torch.zeros(BATCH, *built.start_shape)
        surprise = built.follow(built.init(start), inputs(built, keys), seen, torch.zeros(1))[1].mean()
        optimizer.zero_grad()
        surprise.backward()
        optimizer.step()
    return built, surprise.item()


def test_it_learns_what_a_coin_can_do_and_one_gaussian_cannot(spec: Spec) -> None:
    """With the noise of 0.1 the entropy is -0.88 nats a tick, and log 2 more where a coin falls: 5 in 12 ticks: -0.60.
    One Gaussian has to cover -1 and 1: 1.42 nats where a coin falls, 0.08 on average, the floor of its kind."""
    noise = 0.5 * math.log(2 * math.pi * math.e * 0.01)
    share = 0.5 * (TICKS - 2) / TICKS
    floor = noise + share * math.log(2)
    single = (1 - share) * noise + share * 0.5 * math.log(2 * math.pi * math.e * 1.01)
    built, surprise = fallen(3, spec)
    assert floor - 0.1 < surprise < floor + 0.2
    assert fallen(1, spec)[1] > single - 0.15 > floor + 0.4
    keys = torch.ones(200, TICKS, dtype=torch.long)
    start = built.init(torch.zeros(200, *built.start_shape))
    with torch.no_grad():
        outs, _ = built.unroll(start, inputs(built, keys, some(5, 200, TICKS, built.noise)))
    last = outs[:, 4:, 0]
    assert ((last.abs() - 1).abs() < 0.5).float().mean() > 0.95 and 0.4 < (last > 0).float().mean() < 0.6
