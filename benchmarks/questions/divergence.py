"""Forward or reverse KL: which way should codes be pulled to their prior?

A VAE over single frames of ``pong``, codes of 16 numbers, row and column profiles for a decoder. Both directions, a
standard normal or a learned mixture of 8 for a prior, and no or 16 free nats (a frame's ball, paddles and digits take
about 17 to tell). Judged on frames of other games: nats of the pixels drawn from the code's mean; *told*, the reverse
KL, which a code costs whatever was trained; numbers of the code that are *in use*, those whose mean varies by more than
0.01 from frame to frame (Burda et al. 2015, 1509.00519); and where the ball is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tickworld import seeds
from tickworld.agents import player
from tickworld.data.record import play_episodes
from tickworld.evaluation.positions import position_error
from tickworld.games import game
from tickworld.games.pong import Pong
from tickworld.models.renderers.profiles import ProfilesConfig
from tickworld.models.renderers.vae import Vae, VaeConfig
from tickworld.tensors import to_frames, to_tensor
from tickworld.visual.lettering import Ink, stamp, width
from tickworld.visual.video import write_png

from . import sizes
from .rows import Effort, Figures, Question, Results, Row, both, draw, over, practised, table

CODE, BATCH, RATE, FREE, SHOWN = 16, 64, 3e-3, 16.0, 8
IN_USE = 0.01
SHARE = 0.25
"""Of the processor time of other rows: single frames are learned quickly."""
PRIORS = {1: "one Gaussian", 8: "mixture of 8"}
CONFIGS = {
    f"{direction}, {prior}{', free nats' * bool(free)}": VaeConfig(
        decoder=ProfilesConfig(shapes=12), size=64, components=count, divergence=direction, free=free
    )
    for count, prior in PRIORS.items()
    for direction in ("reverse", "forward")
    for free in (0.0, FREE)
}


@lru_cache(maxsize=2)
def seen(seed: int, count: int) -> NDArray[np.uint8]:
    """Every eighth frame of ``count`` games of 64 ticks, [N, H, W, C]."""
    pong = game("pong")
    played = play_episodes(pong, player("mixed", pong), seeds.rows(seed, 0, count), 64)
    return played.frames[:, ::8].reshape(-1, *pong.spec.frame_shape)


def steps(renderer: Vae, frames: NDArray[np.uint8], seed: int) -> Iterator[float]:
    """The loss of each step of training, without end."""
    chance = torch.Generator().manual_seed(seed)
    adam = torch.optim.Adam(renderer.parameters(), RATE)
    while True:
        batch = to_tensor(frames[torch.randint(len(frames), (BATCH,), generator=chance).numpy()])
        code, nats = renderer.read(batch, torch.randn(BATCH, CODE, generator=chance))
        loss = (renderer.pixel_loss(renderer(code), batch).sum((1, 2)) + nats).mean()
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(renderer.parameters(), 10)
        adam.step()
        yield loss.item()


def drawn(renderer: Vae, frames: Tensor) -> tuple[Tensor, Tensor]:
    """The means of the codes of ``frames`` and the logits of what is drawn from them."""
    mean = renderer.posterior(frames).mean
    return mean, renderer(mean)


@torch.no_grad()
def judged(renderer: Vae, truth: NDArray[np.uint8]) -> Figures:
    """Pixels, nats, numbers in use and the ball, over the frames ``truth``."""
    frames, trained_by = to_tensor(truth), renderer.config
    mean, logits = drawn(renderer, frames)
    posterior = renderer.posterior(frames)
    renderer.config = trained_by.model_copy(update={"divergence": "reverse"})
    told = renderer.nats(posterior).mean().item()
    renderer.config = trained_by
    objects = (Pong().objects(each).positions["ball"] for each in (truth, to_frames(renderer.pixels(logits))))
    off, lost = position_error(*objects)
    return {
        "pixels": renderer.pixel_loss(logits, frames).sum((1, 2)).mean().item(),
        "told": told,
        "in_use": (mean.var(0) > IN_USE).float().mean().item(),
        "off": None if np.isnan(off) else off,
        "lost": float(lost),
    }


def train(label: str, seed: int, effort: Effort) -> Figures:
    """A VAE, judged on the way, and a few frames as it draws them again."""
    torch.manual_seed(seed)
    renderer = CONFIGS[label].build(game("pong").spec, (CODE,))
    frames, truth = seen(0, 8 if effort.smoke else 2048), seen(1, 4 if effort.smoke else 128)
    taken = steps(renderer, frames, seed)
    points = list(practised(taken, lambda: judged(renderer, truth), effort.of(SHARE)))
    shown = truth[:: len(truth) // SHOWN][:SHOWN]
    with torch.no_grad():
        again = to_frames(renderer.pixels(drawn(renderer, to_tensor(shown))[1]))
    frames_of = {"truth": shown.tobytes().hex(), "again": again.tobytes().hex()}
    return {"weights": sizes.weights(renderer), "points": points, **frames_of}


def picture(results: Results, path: Path, scale: int = 2) -> None:
    """The true frames above, then each row's reconstructions, of its first seed."""
    height, across, _ = game("pong").spec.frame_shape
    left, down, along = width("reverse, one Gaussian, free nats "), height * scale + 6, across * scale + 6
    first = next(iter(results.values()))[0]["truth"]
    rows = {"truth": first} | {label: of[0]["again"] for label, of in results.items()}
    lines = {label: np.frombuffer(bytes.fromhex(text), np.uint8) for label, text in rows.items()}
    canvas = np.full((len(lines) * down, left + SHOWN * along, 3), 255, np.uint8)
    for row, (label, frames) in enumerate(lines.items()):
        stamp(canvas, label, (4, row * down + down // 2 - 6), Ink((29, 36, 48)))
        for column, frame in enumerate(frames.reshape(-1, height, across)):
            large = frame.repeat(scale, 0).repeat(scale, 1)[..., None]
            x = left + column * along
            canvas[row * down : row * down + height * scale, x : x + across * scale] = large
    write_png(path, canvas)


def show(results: Results, out: Path) -> str:
    """Table, plot by prior, and the reconstructions."""
    panels = {}
    for prior in PRIORS.values():
        of = {label.replace(f", {prior}", ""): rows for label, rows in results.items() if prior in label}
        panels[f"pixels, nats ({prior})"] = over(of, "pixels")
        panels[f"in use ({prior})"] = over(of, "in_use")
    draw(out / "divergence.png", panels, "processor minutes")
    if results:
        picture(results, out / "divergence_frames.png")
    forms = {"pixels": "{:.1f}", "told": "{:.1f}", "in_use": "{:.0%}", "off": "{:.2f}", "lost": "{:.0%}"}
    return table(
        ["pull, prior", "steps", "pixels, nats", "told, nats", "in use", "ball off, pixels", "ball lost"],
        (
            [
                label,
                both(rows, lambda row: row["points"][-1]["steps"], "{:,}"),
                *(both(rows, lambda row, name=name: row["points"][-1][name], form) for name, form in forms.items()),
            ]
            for label, rows in results.items()
        ),
    )


def row(label: str) -> Row:
    """The row of one of ``CONFIGS``."""
    name = label.replace(",", "").replace(" ", "_")
    return Row(label, f"vae_{name}", lambda seed, effort: train(label, seed, effort))


QUESTION = Question("Forward or reverse KL?", tuple(map(row, CONFIGS)), show)
