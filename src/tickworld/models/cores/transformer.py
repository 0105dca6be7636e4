"""A causal transformer over the actions, each layer of which sees a tick and the N ticks before it.

    token_t = E x_t + S start                a layer:  h += attend(norm(h));  h += mlp(norm(h))
    attend: softmax_j(<q_t at place 0, k_{t-j} at place -j> / sqrt(d)) over j = 0..N, several heads side by side
    out = norm(h) after the last layer

Vaswani et al. 2017 (1706.03762), with the norm before each part (Xiong et al. 2020, 2002.04745), rotary places (Su et
al. 2021, 2104.09864) and keys and values of the last N ticks in the state. What differs: keys are kept unturned, and
turned by their distance when they are looked at, so that a state does not know how long the game has run, and no angle
grows with it; turning speeds go from 1 down to about 1 / N per tick, not to 1 / 10,000, as nothing further off is seen.

Before the first tick the cache is full, as if ``start`` without any action had been the token of all ticks before.
Tokens that are alike stay alike in every layer, since a mean of equal values is that value; so one of them is worked
out, and nothing need be masked. ``start`` is part of every later token too, or it would be forgotten in the end.

Tokens hold no outputs: that is why the unroll is parallel, and why anything older than layers x N ticks is forgotten
except ``start``. A world that must count for ever wants another core.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.models.parts import Core
from tickworld.simulator import Spec

MLP = 4
"""How many times wider than the tokens the layers' hidden units are."""


class TransformerConfig(Config):
    """Causal transformer with a window."""

    kind: Literal["transformer"] = "transformer"
    size: int = Field(default=128, gt=0)
    """numbers in a token and in the output"""
    layers: int = Field(default=2, gt=0)
    """how many layers on top of each other"""
    heads: int = Field(default=4, gt=0)
    """attention heads of each layer"""
    ticks: int = Field(default=32, gt=0)
    """how many ticks before the present one each layer sees"""

    def build(self, spec: Spec) -> Transformer:
        """The core for the actions of ``spec``. Raises UserError when heads do not share ``size`` in even parts."""
        if self.size % (2 * self.heads):
            raise UserError(
                f"core transformer has size {self.size} and {self.heads} heads, and each head needs an even number of "
                f"units; use a size that is a multiple of {2 * self.heads}"
            )
        return Transformer(self, len(spec.players) * len(spec.actions))


class TransformerState(NamedTuple):
    """``keys`` and ``values`` [B, L, N, S] of the last N ticks in every layer, oldest first, keys unturned; ``ground``
    [B, S], what the start adds to every token; ``out`` [B, S]."""

    keys: Tensor
    values: Tensor
    ground: Tensor
    out: Tensor


class Transformer(Core):
    """See the module docstring."""

    def __init__(self, config: TransformerConfig, inputs: int) -> None:
        super().__init__()
        self.ticks = config.ticks
        self.start_shape = self.out_shape = (config.size,)
        self.inputs = nn.Linear(inputs, config.size, bias=False)
        self.ground = nn.Linear(config.size, config.size)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.size)

    def init(self, start: Tensor) -> TransformerState:
        """The state when the token of ``start`` alone has stood there for ever."""
        ground = self.ground(start)
        token, caches = ground.unsqueeze(1), []
        for layer in self._stack:
            key, value = layer.key_value(token)
            token = layer.think(token + layer.join(value))
            caches.append((key, value))
        keys, values = (torch.stack(each, 1).expand(-1, -1, self.ticks, -1) for each in zip(*caches, strict=True))
        return TransformerState(keys, values, ground, self.norm(token).squeeze(1))

    def update(self, state: TransformerState, x: Tensor) -> TransformerState:
        """One tick, from the cache."""
        _, state = self.unroll(state, x.unsqueeze(1))
        return state

    def unroll(self, state: TransformerState, x: Tensor) -> tuple[Tensor, TransformerState]:
        """All ticks at once, layer by layer."""
        tokens = self.inputs(x) + state.ground.unsqueeze(1)
        caches = []
        for layer, *cache in zip(self._stack, state.keys.unbind(1), state.values.unbind(1), strict=True):
            keys, values = (torch.cat([old, new], 1) for old, new in zip(cache, layer.key_value(tokens), strict=True))
            tokens = layer.think(tokens + layer.attend(tokens, keys, values))
            caches.append((keys[:, -self.ticks :], values[:, -self.ticks :]))
        keys, values = (torch.stack(each, 1) for each in zip(*caches, strict=True))
        outs = self.norm(tokens)
        return outs, TransformerState(keys, values, state.ground, outs[:, -1])

    @property
    def _stack(self) -> list[Layer]:
        return [layer for layer in self.layers if isinstance(layer, Layer)]


class Layer(nn.Module):
    """One layer; tokens are [B, T, S]."""

    angles: Tensor

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        size = config.size
        self.heads, self.ticks = config.heads, config.ticks
        self.before_attention, self.before_mlp = nn.LayerNorm(size), nn.LayerNorm(size)
        self.queries, self.keys_values = nn.Linear(size, size, bias=False), nn.Linear(size, 2 * size, bias=False)
        self.join = nn.Linear(size, size, bias=False)
        self.mlp = nn.Sequential(nn.Linear(size, MLP * size), nn.GELU(), nn.Linear(MLP * size, size))
        pairs = size // config.heads // 2
        speeds = float(config.ticks) ** -(torch.arange(pairs) / pairs)
        self.register_buffer("angles", torch.arange(2 * config.ticks).unsqueeze(1) * speeds, persistent=False)

    def key_value(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """What later ticks will see of ``tokens``: two [B, T, S]."""
        key, value = self.keys_values(self.before_attention(tokens)).chunk(2, 2)
        return key, value

    def think(self, tokens: Tensor) -> Tensor:
        """The tokens after their own, separate part of the layer."""
        return tokens + self.mlp(self.before_mlp(tokens))

    def attend(self, tokens: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """What T tokens add to themselves having seen keys and values [B, N + T, S] of the N ticks before and of their
        own; worked out in blocks of at most N ticks, each of which sees at most N more, so that time grows as T N."""
        ticks = tokens.shape[1]
        block = min(ticks, self.ticks)
        spare = -ticks % block
        queries = self._blocks(self.queries(self.before_attention(tokens)), block, block, spare)
        span = self.ticks + block
        keys, values = (self._blocks(each, span, block, spare) for each in (keys, values))
        queries, keys = turn(queries, self.angles[self.ticks : span]), turn(keys, self.angles[:span])
        ahead = torch.arange(span, device=tokens.device) - torch.arange(block, device=tokens.device).unsqueeze(1)
        seen = (ahead >= 0) & (ahead <= self.ticks)
        found = nn.functional.scaled_dot_product_attention(queries, keys, values, attn_mask=seen)
        found = found.transpose(1, 2).flatten(2).reshape(tokens.shape[0], ticks + spare, -1)
        return self.join(found[:, :ticks])

    def _blocks(self, series: Tensor, span: int, step: int, spare: int) -> Tensor:
        """``series`` [B, T, S] with ``spare`` zeros after it, cut every ``step`` ticks into pieces of ``span``, one row
        each: [B T / step, heads, span, S / heads]."""
        pieces = nn.functional.pad(series, (0, 0, 0, spare)).unfold(1, span, step).flatten(0, 1)
        return pieces.unflatten(1, (self.heads, -1)).transpose(2, 3)


def turn(vectors: Tensor, angles: Tensor) -> Tensor:
    """Rotary places: the halves of ``vectors`` [..., T, 2P], as P points of a plane, turned by ``angles`` [T, P]."""
    one, two = vectors.chunk(2, -1)
    cosine, sine = angles.cos(), angles.sin()
    return torch.cat([one * cosine - two * sine, one * sine + two * cosine], -1)
