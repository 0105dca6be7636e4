"""Life against known patterns, a slow reference, and its editing cursor."""

from __future__ import annotations

import numpy as np
import pytest

from tickworld import checks, seeds
from tickworld.games.life import FLIP, SIZE, Life, State, grown

GAME = Life()


def board(pattern: str, x: int = 10, y: int = 10) -> np.ndarray:
    cells = np.zeros((1, SIZE, SIZE), bool)
    for down, row in enumerate(pattern.split()):
        for along, cell in enumerate(row):
            cells[0, (y + down) % SIZE, (x + along) % SIZE] = cell == "#"
    return cells


@pytest.mark.parametrize(("pattern", "later"), [("## ##", "## ##"), (".#. .#. .#.", "... ### ..."), ("#", ".")])
def test_known_patterns(pattern: str, later: str) -> None:
    assert (grown(board(pattern)) == board(later)).all()


def test_a_glider_flies_round_the_torus() -> None:
    glider, cells = board(".#. ..# ###"), board(".#. ..# ###")
    for _ in range(4 * SIZE):
        cells = grown(cells)
    assert (cells == glider).all()


def test_every_neighbourhood_by_counting() -> None:
    for number in range(512):
        nine = np.array([number >> bit & 1 for bit in range(9)], bool).reshape(3, 3)
        cells = np.zeros((1, 5, 5), bool)
        cells[0, 1:4, 1:4] = nine
        count = int(nine.sum()) - int(nine[1, 1])
        assert grown(cells)[0, 2, 2] == (count == 3 or (count == 2 and nine[1, 1]))


def test_the_cursor_moves_and_turns_cells_over() -> None:
    state = State(board(""), np.array([[0, 0]], np.int32))
    places, lives = [], []
    for action in (1, 3, FLIP, 0, 2, 4):
        state = GAME.update(state, np.array([[action]]))
        places.append(state.cursor[0].tolist())
        lives.append(int(state.cells.sum()))
    assert places == [[0, 31], [31, 31], [31, 31], [31, 31], [31, 0], [0, 0]]
    assert lives == [0, 0, 1, 0, 0, 0], "a cell that is alone dies after the tick in which it was turned over"


def test_density_and_seed_make_the_first_board() -> None:
    row_seeds = seeds.rows(0, 0, 64)
    params = GAME.spec.defaults(64)
    params[:, 0] = 25
    cells = GAME.init(params, row_seeds).cells
    assert abs(cells.mean() - 0.25) < 0.02
    assert len({each.tobytes() for each in cells}) == 64
    params[:, 0] = 100
    assert GAME.init(params, row_seeds).cells.all()


def test_probe_and_events() -> None:
    row_seeds = seeds.rows(1, 0, 32)
    frames, states = checks.play(GAME, GAME.spec.draw(row_seeds), row_seeds, checks.some_actions(GAME, 32, 100))
    seen = GAME.objects(frames)
    assert (seen.positions["cursor"][..., :2] == np.stack([state.cursor for state in states])).all()
    assert (seen.readings["alive"] == np.stack([state.cells.sum((1, 2)) for state in states])).all()
    found = {
        int(index) for before, after in zip(states, states[1:], strict=False) for index in GAME.event(before, after)
    }
    assert found == set(range(len(GAME.events)))
