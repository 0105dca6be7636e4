"""Mazes are connected, the light goes out, walls hold."""

from __future__ import annotations

import numpy as np

from tickworld import checks, seeds
from tickworld.games.maze import COLUMNS, DARK, FLAG, HEIGHT, PALETTE, ROWS, WALKER, WIDTH, Maze

GAME = Maze()
START = (16, 1, 4, 4, 7, 1)


def reachable(walls: np.ndarray) -> np.ndarray:
    """Cells that can be reached from the first room."""
    seen = np.zeros_like(walls)
    waiting = [(1, 1)]
    while waiting:
        y, x = waiting.pop()
        if walls[y, x] or seen[y, x]:
            continue
        seen[y, x] = True
        waiting += [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
    return seen


def test_every_room_can_be_reached_and_mazes_differ() -> None:
    walls = GAME.init(GAME.spec.defaults(64), seeds.rows(0, 0, 64)).walls
    for maze in walls:
        assert reachable(maze)[1::2, 1::2].all()
        assert maze[[0, -1]].all() and maze[:, [0, -1]].all()
    assert len({maze.tobytes() for maze in walls}) == 64
    ways = (~walls).sum((1, 2)) - ROWS * COLUMNS
    assert (ways >= ROWS * COLUMNS - 1).all() and ways.mean() > ROWS * COLUMNS, "some mazes have loops"


def test_the_light_goes_out_and_the_lantern_stays() -> None:
    frames, states = checks.play(GAME, np.array([START], float), seeds.rows(0, 0, 1), np.zeros((40, 1, 1), int))
    dark = (frames == PALETTE[DARK]).all(-1).sum((-1, -2))[:, 0]
    assert (dark[:16] == 0).all() and (dark[16:] == HEIGHT * WIDTH - 9 - 1).all(), "nine cells and the flag"
    assert (frames[0] == GAME.render(states[0]._replace(lit=np.array([5])))).all()
    wide = GAME.render(states[20]._replace(lantern=np.array([3])))
    assert (wide == PALETTE[DARK]).all(-1).sum() < dark[20]


def test_walls_hold_and_flags_are_found() -> None:
    row_seeds = seeds.rows(2, 0, 64)
    frames, states = checks.play(GAME, GAME.spec.draw(row_seeds), row_seeds, checks.some_actions(GAME, 64, 600))
    game = np.arange(64)
    for state in states:
        assert not state.walls[game, state.walker[:, 1], state.walker[:, 0]].any()
        assert (state.walker != state.flag).any(1).all()
    steps = np.abs(np.diff(np.stack([state.walker for state in states]), axis=0)).sum(-1)
    assert steps.max() == 1
    reward = np.stack([GAME.status(state).reward[:, 0] for state in states])
    moved = (np.diff(np.stack([state.flag for state in states]), axis=0) != 0).any(-1)
    assert reward.sum() > 5 and (reward[1:] == moved).all()
    found = {
        int(index) for before, after in zip(states, states[1:], strict=False) for index in GAME.event(before, after)
    }
    assert found == set(range(len(GAME.events)))


def test_flags_come_to_every_room() -> None:
    places, (x, y) = set(), (0, 0)
    for _ in range(ROWS * COLUMNS):
        x, y = (x + 4) % COLUMNS, (y + 3) % ROWS
        places.add((x, y))
    assert len(places) == ROWS * COLUMNS


def test_probe_finds_walker_and_flag() -> None:
    frames, states = checks.play(GAME, np.array([START], float), seeds.rows(0, 0, 1), np.full((20, 1, 1), 4))
    seen = GAME.objects(frames).positions
    for name, colour in (("walker", WALKER), ("flag", FLAG)):
        true = np.stack([getattr(state, name) for state in states])
        assert (seen[name][..., :2] == true).all()
        assert (frames[5, 0][tuple(true[5, 0][::-1])] == PALETTE[colour]).all()
