"""A map of the states that a world comes through: the plane in which they differ most (principal components, Pearson
1901), to be coloured by what was true."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Plane(NamedTuple):
    """``places`` [M, 2] of states; ``shares`` of their variance that each of the two directions holds."""

    places: NDArray[np.float64]
    shares: tuple[float, float]


def plane(features: NDArray[np.float32]) -> Plane:
    """The plane of states ``features`` [M, D]. A direction points to where its largest place is: signs are nobody's
    choice else."""
    centred = (features - features.mean(0)).astype(np.float64)
    wide = centred.shape[1] > centred.shape[0]
    values, vectors = np.linalg.eigh(centred @ centred.T if wide else centred.T @ centred)
    total = max(float(values.clip(0).sum()), np.finfo(float).tiny)
    best, vectors = values[:-3:-1].clip(0), vectors[:, :-3:-1]
    places = vectors * np.sqrt(best) if wide else centred @ vectors
    places = np.pad(places, ((0, 0), (0, 2 - places.shape[1])))  # of a single number
    signs = np.sign(places[np.abs(places).argmax(0), [0, 1]])
    shares = np.pad(best / total, (0, 2 - len(best)))
    return Plane(places * np.where(signs == 0, 1, signs), (float(shares[0]), float(shares[1])))
