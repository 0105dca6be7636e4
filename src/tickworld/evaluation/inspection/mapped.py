"""A map of the states that a world comes through: the plane in which they differ most (principal components, Pearson
1901), to be coloured by what was true."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

ROUNDS, WIDE = 16, 8
"""Rounds of subspace iteration, and directions that are followed so that the first two are exact (Halko et al. 2011,
SIAM Review 53): all of them would take a minute."""


class Plane(NamedTuple):
    """``places`` [M, 2] of states; ``shares`` of their variance that each of the two directions holds."""

    places: NDArray[np.float64]
    shares: tuple[float, float]


def plane(features: NDArray[np.float32]) -> Plane:
    """The plane of states ``features`` [M, D], always the same one. A direction points to where its farthest state is:
    nothing else would settle its sign."""
    centred = torch.from_numpy(features - features.mean(0)).double()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        left, lengths, _ = torch.svd_lowrank(centred, q=min(WIDE, *centred.shape), niter=ROUNDS)
    total = max(float(centred.square().sum()), np.finfo(float).tiny)
    found = (left * lengths)[:, :2].numpy()
    places = np.pad(found, ((0, 0), (0, 2 - found.shape[1])))  # of a single number
    signs = np.sign(places[np.abs(places).argmax(0), [0, 1]])
    one, other = (float(each) for each in np.square(places).sum(0) / total)
    return Plane(places * np.where(signs == 0, 1, signs), (one, other))
