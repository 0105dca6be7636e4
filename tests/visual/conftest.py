from __future__ import annotations

import numpy as np
import pytest

from tickworld.frames import Frames


@pytest.fixture
def pair() -> tuple[Frames, Frames]:
    """Truth and dream of a wandering thing, uint8 [13, 16, 16, 1]. The dream lags from frame 6 on: its horizon is 5."""
    truth = np.zeros((13, 16, 16, 1), np.uint8)
    for tick in range(len(truth)):
        truth[tick, 7:9, tick] = 255
    dream = truth.copy()
    dream[6:] = truth[5:-1]
    return truth, dream
