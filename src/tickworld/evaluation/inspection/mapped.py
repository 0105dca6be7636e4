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
    """``places`` [M, 2] of states; ``shares`` of their variance that each of the two directions holds; ``axes`` [2, D]
    are these directions, each of length 1, or 0 where there is none: ``places`` = (states - their mean) ``axes``^T."""

    places: NDArray[np.float64]
    shares: tuple[float, float]
    axes: NDArray[np.float64]


def plane(features: NDArray[np.floating]) -> Plane:
    """The plane of states ``features`` [M, D], always the same one. A direction points to where its farthest state is:
    nothing else would settle its sign."""
    centred = torch.from_numpy(features - features.mean(0)).double()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        left, lengths, right = torch.svd_lowrank(centred, q=min(WIDE, *centred.shape), niter=ROUNDS)
    total = max(float(centred.square().sum()), np.finfo(float).tiny)
    missing = (0, max(2 - len(lengths), 0))  # of a single number, or of a single state
    places = np.pad((left * lengths)[:, :2].numpy(), ((0, 0), missing))
    axes = np.pad(right[:, :2].numpy().T, (missing, (0, 0)))
    signs = np.sign(places[np.abs(places).argmax(0), [0, 1]])
    signs = np.where(signs == 0, 1, signs)
    one, other = (float(each) for each in np.square(places).sum(0) / total)
    return Plane(places * signs, (one, other), axes * signs[:, None])
