"""The page of an atlas in a real browser, from a disk, without a network: any place of the map is played as torch plays
the vector that is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from tests.recipes.test_bake import trained
from tests.web.conftest import until

from tickworld.models.learned import Learned
from tickworld.recipes.atlas import Atlas, survey, write
from tickworld.training import checkpoint

pytestmark = pytest.mark.slow

SETTLED = "tickworld.game.queue.add(async () => {})"
VECTOR = "Array.from(tickworld.game.session.values('game'))"
FRAME = "Array.from(tickworld.game.session.frames.dream)"


class Engine(NamedTuple):
    """A page, and what is in it."""

    path: Path
    world: Learned
    atlas: Atlas


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """An engine that has hardly learned anything, made lively. Not to be changed."""
    folder = tmp_path_factory.mktemp("atlas")
    run = trained(folder / "run")
    world = run.world()
    with torch.no_grad():
        for weights in world.world.core.parameters():
            weights *= 2
        world.world.core.get_parameter("answer.weight").mul_(10)
        world.world.core.get_buffer("lively").fill_(True)
    checkpoint.save_world(run.checkpoints, run.config.training.iterations, world.world, "lively", 0.0)
    atlas = survey(run, 8)
    write(run, atlas, folder / "atlas.html")
    return Engine(folder / "atlas.html", run.world(), atlas)


@pytest.fixture
def told(engine: Engine, opened: Any) -> Iterator[Any]:
    """The page, opened. Whatever is done in it, it must say nothing on its console and ask nobody."""
    told = opened(engine.path)
    yield told
    assert told.said == []
    assert [url for url in told.asked if not url.startswith("blob:null/")] == [engine.path.as_uri()]


def click(page: Any, across: float, down: float) -> None:
    """Presses at a place of the map, shares of its size."""
    page.locator("#atlas-map").scroll_into_view_if_needed()
    box = page.locator("#atlas-map").bounding_box()
    page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])
    page.evaluate(SETTLED)


def free_place(page: Any) -> tuple[float, float]:
    """A place of the map where no game is near."""
    return page.evaluate(
        """() => {
            const points = [...document.querySelectorAll("#atlas-map > circle")].map((point) => (
                [Number(point.getAttribute("cx")) / 400, Number(point.getAttribute("cy")) / 300]));
            const far = (x, y) => Math.min(...points.map((each) => Math.hypot(each[0] - x, each[1] - y)));
            const places = [...Array(400).keys()].map((each) => [each % 20, each / 20].map((at) => 0.05 + 0.045 * at));
            return places.reduce((best, each) => (far(...each) > far(...best) ? each : best));
        }"""
    )


def played(page: Any, keys: np.ndarray) -> list[list[int]]:
    """The frames after each of ``keys`` [T, P]."""
    return page.evaluate(
        f"async (keys) => {{ const frames = []; for (const each of keys) {{ await tickworld.game.session.step(each); "
        f"frames.push({FRAME}); }} return frames; }}",
        keys.tolist(),
    )


def dreamt(engine: Engine, state: Any, keys: np.ndarray) -> tuple[list[list[int]], Any]:
    """The same from torch, and the state after them."""
    frames = []
    for pressed in keys:
        state = engine.world.update(state, pressed[None])
        frames.append(engine.world.render(state).reshape(-1).tolist())
    return frames, state


def middle(engine: Engine) -> int:
    """The learned game that a page begins with."""
    return int(np.linalg.norm(engine.atlas.plane.places[: len(engine.atlas.known.rows)], axis=1).argmin())


def begun(engine: Engine, game: int) -> Any:
    """The first of its openings."""
    each = len(engine.atlas.begun.out) // len(engine.atlas.rows)
    return type(engine.atlas.begun)(*(field[game * each : game * each + 1].clone() for field in engine.atlas.begun))


def vector(page: Any) -> np.ndarray:
    return np.array(page.evaluate(VECTOR), np.float32)


def test_a_click_goes_on_as_the_game_there_bit_for_bit(engine: Engine, told: Any) -> None:
    page, keys = told.page, np.random.default_rng(0).integers(3, size=(60, 2))
    state = begun(engine, middle(engine))
    assert page.evaluate(FRAME) == engine.world.render(state).reshape(-1).tolist()
    assert (vector(page) == engine.atlas.vectors[middle(engine)]).all()
    wanted, state = dreamt(engine, state, keys[:20])
    assert played(page, keys[:20]) == wanted
    click(page, *free_place(page))
    page.evaluate("tickworld.game.pause()")
    page.evaluate(SETTLED)
    ticks = page.evaluate("tickworld.game.session.tick")
    page.evaluate("tickworld.game.session.rewind(20)")
    there = vector(page)
    assert ticks >= 20 and not (there == engine.atlas.vectors).all(1).any()
    other = state._replace(game=torch.from_numpy(there)[None])
    wanted, _ = dreamt(engine, other, keys[20:])
    same, _ = dreamt(engine, state, keys[20:])
    assert played(page, keys[20:]) == wanted != same, "the vector changes nothing"
    atlas = engine.atlas
    rest = there - atlas.mean
    np.testing.assert_allclose(rest, (rest @ atlas.plane.axes.T) @ atlas.plane.axes, atol=1e-6)


def test_a_point_is_just_that_game_and_restart_begins_as_it_does(engine: Engine, told: Any) -> None:
    page, game = told.page, len(engine.atlas.rows) - 1
    page.keyboard.press(".")
    page.locator("#atlas-map > circle").nth(game).click(force=True)
    page.evaluate(SETTLED)
    taken = page.evaluate("Number(document.getElementById('pick-a').value)")
    assert (vector(page) == engine.atlas.vectors[taken]).all()
    assert np.allclose(engine.atlas.plane.places[taken], engine.atlas.plane.places[game], atol=0.2)
    assert f"game {taken + 1}" in page.text_content("#spot").lower()
    page.click("#again")
    page.evaluate("tickworld.game.pause()")
    page.evaluate(SETTLED)
    page.evaluate("tickworld.game.session.rewind(0)")
    assert page.evaluate(FRAME) == engine.world.render(begun(engine, taken)).reshape(-1).tolist()
    assert (vector(page) == engine.atlas.vectors[taken]).all()


def test_a_slider_moves_along_its_direction(engine: Engine, told: Any) -> None:
    page, atlas = told.page, engine.atlas
    before = vector(page).astype(float)
    (length, *_) = atlas.directions
    page.locator(".slope input").first.fill("9")
    page.evaluate(SETTLED)
    start = (length.reads @ before + length.bias).item()
    np.testing.assert_allclose(vector(page), before + (9 - start) * length.along[0], atol=1e-5)
    read = (length.reads @ vector(page) + length.bias).item()
    assert float(page.locator(".slope output").first.text_content()) == pytest.approx(read, abs=0.051)
    page.click("#level")
    page.evaluate(SETTLED)
    assert (vector(page) == before.astype(np.float32)).all() and page.is_disabled("#level")


def test_two_games_have_an_average(engine: Engine, told: Any) -> None:
    page, vectors = told.page, engine.atlas.vectors
    page.select_option("#pick-a", "0")
    page.select_option("#pick-b", "2")
    page.click("#average")
    page.evaluate(SETTLED)
    assert (vector(page) == ((vectors[0].astype(float) + vectors[2]) / 2).astype(np.float32)).all()
    assert page.text_content("#spot").startswith(("Between the games", "Here: game"))


def test_the_map_is_walked_with_keys_and_the_way_back_is_shown(engine: Engine, told: Any) -> None:
    page = told.page
    first = vector(page)
    page.focus("#atlas-map")
    page.keyboard.press(".")
    until(page, "tickworld.game.session.tick === 1")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    until(page, f"{VECTOR}.join() !== '{','.join(map(repr, first.astype(float).tolist()))}'")
    page.evaluate(SETTLED)
    moved = vector(page)
    place, start = ((each - engine.atlas.mean) @ engine.atlas.plane.axes.T for each in (moved, first))
    assert place[0] > start[0] and place[1] < start[1]
    cross = page.get_attribute("#atlas-map .cross", "transform")
    page.evaluate("tickworld.game.seek(0)")
    page.evaluate(SETTLED)
    assert (vector(page) == first).all() and page.get_attribute("#atlas-map .cross", "transform") != cross
    page.evaluate("tickworld.game.seek(1)")
    page.evaluate(SETTLED)
    assert (vector(page) == moved).all() and page.get_attribute("#atlas-map .cross", "transform") == cross
    page.focus("#atlas-map")
    page.keyboard.press("Enter")
    page.evaluate(SETTLED)
    assert (vector(page) == engine.atlas.vectors).all(1).any()


def test_it_is_dragged_while_it_is_played(engine: Engine, told: Any) -> None:
    page = told.page
    page.locator("#atlas-map").scroll_into_view_if_needed()
    box = page.locator("#atlas-map").bounding_box()
    seen = set()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    for step in range(8):
        page.mouse.move(box["x"] + (0.1 + 0.1 * step) * box["width"], box["y"] + 0.5 * box["height"])
        page.evaluate(SETTLED)
        seen.add(page.evaluate(VECTOR + ".join()"))
    page.mouse.up()
    until(page, "tickworld.game.session.tick > 5")
    page.evaluate("tickworld.game.pause()")
    assert len(seen) == 8 and page.evaluate("tickworld.game.session.changed") is False
    assert page.text_content("#banner") == ""


@pytest.mark.parametrize("width", [390, 1366])
def test_it_fits_and_its_controls_have_names(engine: Engine, told: Any, width: int) -> None:
    page = told.page
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, canvas, svg")].filter((each) => !(
            each.textContent.trim() || each.labels?.length || each.ariaLabel)).map((each) => each.id)"""
    )
    assert nameless == []
    lead = page.text_content("#atlas-lead")
    assert f"{len(engine.atlas.known.rows)} that it learned" in lead and "never saw" in lead
