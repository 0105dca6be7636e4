"""A recording that does not fit into memory: what is held is bounded, and which windows are drawn follows from seed and
iteration alone."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld.agents import player
from tickworld.data.batches import Batch
from tickworld.data.episode import ARRAYS, Episodes, concatenate
from tickworld.data.manifest import Plan
from tickworld.data.material import AHEAD, Material, Shelf
from tickworld.data.record import record
from tickworld.data.store import Store
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.places import OutOfReach
from tickworld.states import join
from tickworld.training.sampling import UniformConfig
from tickworld.training.streamed import MB, Streamed, StreamedConfig

OPENING, TICKS, PARTS = 4, 3, 12


def no_score(batch: Batch) -> NDArray[np.float32]:
    raise AssertionError("asks for no loss")


def same(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Blocks of 3 episodes, the last of 2, each of them one part."""
    pong = game("pong")
    plan = Plan(players="mixed", episodes=3 * PARTS - 1, ticks=20, block=3)
    return record(pong, player("mixed", pong), plan, tmp_path_factory.mktemp("data") / "pong")


@pytest.fixture
def material(there: Store) -> Material:
    return Material(there, there.manifest.plan.episodes)


def holding(material: Material, parts: int, **settings: Any) -> Streamed:
    """A sampler into whose memory so many parts fit, with those that come."""
    memory = (parts + AHEAD) * material.part_bytes / MB + 1e-6
    return StreamedConfig(memory=memory, **settings).build(material, OPENING, 3)


def test_parts_make_the_whole(material: Material, there: Store) -> None:
    parts = [material.read(number) for number in range(len(material.parts))]
    whole = there.read()
    assert len(parts) == PARTS and not any(part.truth for part in parts)
    assert all(np.array_equal(getattr(concatenate(parts), name), getattr(whole, name)) for name in ARRAYS)
    assert max(part.nbytes for part in parts) == material.part_bytes
    few = Material(there, 10, bare=True)
    assert [len(few.read(number)) for number in range(len(few.parts))] == [3, 3, 3, 1]
    assert few.read(0).params.shape == few.episodes.params[:3].shape == (3, 0)


def test_draws_are_a_function_of_seed_and_iteration(material: Material, there: Store) -> None:
    sampler, again = holding(material, 4, turn=2), holding(Material(there, material.count), 4, turn=2)
    drawn = [sampler.draw(iteration, 8, TICKS, no_score) for iteration in range(60)]
    for iteration in (59, 17, 18, 0):  # another process, or one that goes on, in whatever order
        assert same(again.draw(iteration, 8, TICKS, no_score), drawn[iteration])
    assert not same(drawn[3], drawn[4]) and sampler.state() == {}


def test_what_fits_is_drawn_as_if_it_were_in_memory(material: Material) -> None:
    sampler = StreamedConfig().build(material, OPENING, 3)
    uniform = UniformConfig().build(material, OPENING, 3)
    for iteration in (0, 1, 500):
        assert same(sampler.draw(iteration, 40, TICKS, no_score), uniform.draw(iteration, 40, TICKS, no_score))
    assert sampler.lanes[0].shelf.count == PARTS


def test_all_parts_take_their_turn_and_few_are_held(material: Material) -> None:
    sampler = holding(material, 4, turn=2)
    (lane,) = sampler.lanes
    assert lane.held == 4 and PARTS * material.part_bytes > 1.9 * (4 + AHEAD) * material.part_bytes
    rounds = [[lane._at(place) for place in range(first, first + PARTS)] for first in (0, PARTS, 2 * PARTS)]
    assert all(sorted(each) == list(range(PARTS)) for each in rounds) and rounds[0] != rounds[1]
    for iteration in range(2 * PARTS * 2):
        sampler.draw(iteration, 4, TICKS, no_score)
        assert len(lane.shelf.parts) + len(lane.shelf.coming) <= 4 + AHEAD
    assert 0 < lane.shelf.most <= (4 + AHEAD) * material.part_bytes
    assert PARTS < lane.shelf.count <= 2 * PARTS + 4  # each is read once a round
    assert f"which has {PARTS}; held {lane.shelf.most / MB:.2f} MB" in sampler.told()


@pytest.mark.parametrize(("lanes", "held"), [(1, 4), (3, 3), (4, PARTS)])
def test_a_process_reads_its_own_lanes_and_all_together_draw_one_batch(
    material: Material, lanes: int, held: int
) -> None:
    memory = (held + AHEAD * lanes) * material.part_bytes / MB + 1e-6
    config = StreamedConfig(memory=memory, turn=1, lanes=lanes)
    alone, apart = config.build(material, OPENING, 3), [config.build(material, OPENING, 3) for _ in range(lanes)]
    ends = [8 * share // lanes for share in range(lanes + 1)]
    for iteration in range(3 * PARTS * lanes):
        shares = [
            one.draw(iteration, 8, TICKS, no_score, slice(start, end))
            for one, start, end in zip(apart, ends, ends[1:], strict=False)
        ]
        assert same(join(shares), alone.draw(iteration, 8, TICKS, no_score))
    read = [{part for lane in one.lanes for part in lane.shelf.parts} for one in apart]
    assert all(read) and sum(map(len, read)) == len(set().union(*read))  # no part is read by two
    assert all(len(part) <= held / lanes + AHEAD for part in read)
    if lanes > 1:
        assert sum(one.lanes[number].shelf.count for number, one in enumerate(apart)) == sum(
            lane.shelf.count for lane in alone.lanes
        )


def test_more_lanes_than_parts_are_told(material: Material) -> None:
    told = f"sampler streamed has 13 lanes, and .* has only {PARTS} parts; give --training.sampler.lanes {PARTS} or"
    with pytest.raises(UserError, match=told):
        StreamedConfig(lanes=13).build(material, OPENING, 3)


def test_too_little_memory_is_told(material: Material) -> None:
    with pytest.raises(UserError, match=r"may hold 0.01 MB, and a part of .* takes .*; 3 of them must fit: give"):
        StreamedConfig(memory=0.01).build(material, OPENING, 0)
    with pytest.raises(UserError, match="these episodes are in memory; use uniform"):
        StreamedConfig().build(material.read(0), OPENING, 0)


def test_the_next_parts_are_read_meanwhile(material: Material) -> None:
    here, began = threading.get_ident(), list[tuple[int, bool]]()

    def read(part: int) -> Episodes:
        began.append((part, threading.get_ident() == here))
        return material.read(part)

    shelf = Shelf(read)
    shelf.take([5, 3], [7, 8, 9])
    for each in list(shelf.coming.values()):
        each.result()
    assert {part for part, _ in began} == {5, 3, 7, 8} and not any(mine for _, mine in began)
    shelf.take([3, 7], [8])
    assert shelf.parts.keys() == {3, 7} and shelf.count == 3 and len(began) == 4


def test_a_part_that_could_not_be_had_is_asked_for_again(material: Material) -> None:
    failures: list[Exception] = [OutOfReach("away"), OutOfReach("still away"), ValueError("a bug")]

    def read(part: int) -> Episodes:
        if part == 1 and failures:
            raise failures.pop(0)
        return material.read(part)

    shelf = Shelf(read)
    shelf.take([0], [1])
    with pytest.raises(OutOfReach, match="still away"):
        shelf.take([1], [])
    with pytest.raises(ValueError, match="a bug"):
        shelf.take([1], [])
    assert len(shelf.take([1], [])[0]) == 3


def test_a_damaged_part_is_told(there: Store, tmp_path: Path) -> None:
    import shutil

    folder = shutil.copytree(str(there.path), tmp_path / "data")
    (chunk,) = (folder / "block-00004" / "frames").glob("c.*")
    chunk.write_bytes(chunk.read_bytes()[:-9])
    sampler = holding(Material(Store(folder, there.manifest), 3 * PARTS - 1), 3, turn=1)
    with pytest.raises(UserError, match="block 4 of .* is damaged"):
        for iteration in range(PARTS):
            sampler.draw(iteration, 4, TICKS, no_score)
