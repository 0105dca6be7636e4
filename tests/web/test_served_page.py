"""The served page in a real browser, with real keys: truth and dream side by side, from the first tick to the store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image
from tests.play.conftest import GAME, serving
from tests.web.conftest import Opened, until, visit
from tests.web.served import WEAK_AT, Hand, Weak, paddles, true_game

from tickworld.agents import able
from tickworld.data import store
from tickworld.data.episode import episode
from tickworld.play.scene import Scene
from tickworld.recipes.shelf import known, open_playable
from tickworld.simulator import Simulator

SAME = "Truth and dream are the same, to the last pixel."


class Table(NamedTuple):
    """A page that was opened, a hand at it, and the folder that its episodes go into."""

    told: Opened
    hand: Hand
    folder: Path


def seated(browser: Any, dream: Simulator, folder: Path, **more: Any) -> Iterator[Table]:
    """A page of Pong beside ``dream``, both players at the keys. It must have said nothing and asked nobody else."""
    scene = Scene("a test", GAME, dream, players=able(GAME), folder=folder, **more)
    with serving(scene) as address:
        context = browser.new_context()
        told = visit(context, address, address)
        hand = Hand(told.page)
        for side in range(2):
            hand.seat(side, "keys")
        told.page.click("h1")  # as who looks up from a list
        yield Table(told, hand, folder)
        context.close()
        assert told.said == []
        files = [address, f"{address}page.css", f"{address}page.js"]
        assert sorted(url for url in told.asked if not url.startswith("blob:")) == sorted(
            [*files, f"{address.replace('http', 'ws')}socket"]
        )


@pytest.fixture
def weak(browser: Any, tmp_path: Path) -> Iterator[Table]:
    """Beside a world that goes wrong."""
    yield from seated(browser, Weak(), tmp_path / "played")


@pytest.fixture
def pong(browser: Any, tmp_path: Path) -> Iterator[Table]:
    """Beside the world that ships."""
    world, told = open_playable("cartridge:pong").world, known("cartridge:pong")
    more = {"provenance": told.provenance, "calibration": told.calibration}
    yield from seated(browser, world, tmp_path / "played", **more)


def differ_at(tick: int, right: int) -> str:
    return f"Truth and dream first differ at tick {tick}: right for {right} ticks."


def test_held_keys_move_both_paddles_of_both_games(weak: Table) -> None:
    hand = weak.hand
    before = hand.paddles("truth")
    assert hand.paddles("dream") == before
    for left, right, moved in (("up", "down", (-3, 3)), ("down", "up", (3, -3)), (None, "down", (0, 3))):
        start = hand.paddles("truth")
        hand.hold(left, right)
        hand.step(3)
        for panel in ("truth", "dream"):
            assert np.subtract(hand.paddles(panel), start).tolist() == list(moved), (panel, left, right)
    hand.hold(None, None)
    assert hand.value("replay.actions") == [[1, 2]] * 3 + [[2, 1]] * 3 + [[0, 2]] * 3
    assert hand.text("banner") == SAME


def test_it_plays_by_itself_while_keys_are_held(weak: Table) -> None:
    hand = weak.hand
    start = hand.paddles("truth")
    hand.hold("up", "down")
    weak.told.page.click("#start")
    until(weak.told.page, "tickworld.game.session.last >= 8")
    weak.told.page.keyboard.press("Space")
    hand.hold(None, None)
    hand.settle()
    hand.is_at(hand.value("last"))
    replay = hand.value("replay")
    assert hand.text("play") == "Play" and [1, 2] in replay["actions"]
    assert hand.paddles("truth")[0] < start[0] and hand.paddles("truth")[1] > start[1]
    assert (hand.sees("truth") == true_game(replay)[-1]).all()


def test_the_divergence_is_told_at_the_right_tick(weak: Table) -> None:
    hand = weak.hand
    hand.step(WEAK_AT - 1)
    assert (hand.text("banner"), hand.text("right-value")) == (SAME, str(WEAK_AT - 1))
    assert (hand.sees("dream") == hand.sees("truth")).all()
    hand.step()
    assert hand.text("banner") == differ_at(WEAK_AT, WEAK_AT - 1)
    assert np.argwhere(hand.sees("dream") != hand.sees("truth")).tolist() == [[0, 0, 0]]
    hand.step(3)
    assert hand.text("banner") == differ_at(WEAK_AT, WEAK_AT - 1)
    assert (hand.text("right-name"), hand.text("right-value")) == ("Ticks since they differed", "3")
    assert weak.told.page.locator("#panels.differ").count() == weak.told.page.locator("#marks .apart").count() == 1


def test_it_goes_back_and_branches(weak: Table) -> None:
    hand = weak.hand
    hand.hold("up", "up")
    hand.step(16)
    first = true_game(hand.value("replay"))
    hand.hold(None, None)
    hand.slide(6)
    assert hand.text("banner") == SAME and hand.value("last") == 16
    for panel in ("truth", "dream"):
        assert (hand.sees(panel) == first[6]).all()
    hand.hold("down", "down")
    hand.step(2)
    hand.hold(None, None)
    replay = hand.value("replay")
    assert replay["actions"] == [[1, 1]] * 6 + [[2, 2]] * 2
    assert (hand.value("last"), weak.told.page.get_attribute("#time", "max")) == (8, "8")
    assert (hand.sees("truth") == true_game(replay)[-1]).all() and not (hand.sees("truth") == first[8]).all()
    hand.step(WEAK_AT - 8)
    assert hand.text("banner") == differ_at(WEAK_AT, WEAK_AT - 1)


def test_the_truth_sets_the_dream_right(weak: Table) -> None:
    hand = weak.hand
    hand.step(WEAK_AT + 2)
    assert (hand.sees("dream") != hand.sees("truth")).any()
    weak.told.page.click("#anchor")
    until(weak.told.page, f"document.getElementById('banner').textContent === '{SAME}'")
    assert (hand.sees("dream") == hand.sees("truth")).all()
    assert (hand.value("anchors"), hand.text("right-value")) == ([WEAK_AT + 2], "0")
    hand.step(WEAK_AT)
    assert hand.text("banner") == differ_at(2 * WEAK_AT + 2, WEAK_AT - 1)
    assert weak.told.page.locator("#marks .anchor").count() == 1


def test_an_episode_is_saved_and_a_picture_drawn(weak: Table, tmp_path: Path) -> None:
    hand, page = weak.hand, weak.told.page
    hand.hold("up", None)
    seen = [hand.sees("truth")]
    for tick in range(15):
        hand.hold("up" if tick < 8 else None, "down" if tick > 4 else "up")
        hand.step()
        seen.append(hand.sees("truth"))
    hand.hold(None, None)
    page.click("#save")
    until(page, "document.getElementById('done').textContent.startsWith('Saved as episode 0')")
    folder = weak.folder / "pong"
    assert str(folder) in hand.text("done")
    saved = episode(store.open(folder).read(), 0)
    assert (saved.frames == np.stack(seen)).all() and (saved.frames == true_game(hand.value("replay"))).all()
    assert saved.actions.tolist() == hand.value("replay.actions")
    with page.expect_download() as download:
        page.click("#gif")
    assert download.value.suggested_filename == "pong.gif"
    download.value.save_as(tmp_path / "pong.gif")
    with Image.open(tmp_path / "pong.gif") as picture:
        assert picture.format == "GIF" and getattr(picture, "n_frames", 1) >= len(seen)


def test_params_are_changed_and_it_begins_anew(weak: Table) -> None:
    hand, page = weak.hand, weak.told.page
    hand.step(3)
    page.fill("#seed", "7")
    page.click("#begin button[type=submit]")
    until(page, "tickworld.game.session.seed === 7 && tickworld.game.session.last === 0")
    usual = hand.value("replay.params")
    assert usual == GAME.spec.draw(np.array([7], np.uint64))[0].tolist()
    page.click("#params summary")
    page.fill("#param-list input[name=paddle_length]", "9")
    page.click("#begin button[type=submit]")
    until(page, "tickworld.game.session.replay.params[0] === 9")
    replay = hand.value("replay")
    hand.is_at(0)
    assert replay["params"][1:] == usual[1:], "the rest is as this seed draws it"
    for panel in ("truth", "dream"):
        assert (hand.sees(panel) == true_game(replay)[0]).all()
    page.fill("#param-list input[name=paddle_length]", "99")
    page.click("#begin button[type=submit]")
    assert page.evaluate("document.querySelector('#param-list input:invalid').name") == "paddle_length"
    page.click("#again")
    until(page, "!document.getElementById('problem').hidden")
    assert hand.text("problem") == "param paddle_length of pong must be a whole number in 3..9; got 99"
    assert hand.value("replay") == replay, "nothing has happened"
    page.fill("#param-list input[name=paddle_length]", "4")
    page.click("#again")
    until(page, "tickworld.game.session.replay.params[0] === 4")
    until(page, "document.getElementById('problem').hidden")


def test_a_number_of_the_state_is_changed(weak: Table) -> None:
    hand, page = weak.hand, weak.told.page
    hand.step(2)
    page.click("#inspector summary")
    until(page, "document.getElementById('field').options.length === 1")
    until(page, "document.getElementById('effect').width === tickworld.game.session.spec.width")
    assert page.is_visible("#effect-none"), "it is young whether 0 or 2 ticks have passed"
    assert not hand.value("changed")
    page.fill("#value", str(WEAK_AT - 1))
    until(page, "tickworld.game.session.changed")
    hand.is_at(2)
    page.click("h1")
    hand.step()
    assert hand.text("banner") == f"The dream was changed by hand. {differ_at(3, 2)}"
    assert np.argwhere(hand.sees("dream") != hand.sees("truth")).tolist() == [[0, 0, 0]]
    until(page, "document.getElementById('effect-none').hidden")  # its greatest value lights the pixel up


def test_a_scripted_player_takes_a_side(weak: Table) -> None:
    hand, page = weak.hand, weak.told.page
    hand.seat(0, "tracking")
    page.click("#start")
    until(page, "new Set(tickworld.game.session.replay.actions.map(([left]) => left)).size > 1")
    page.keyboard.press("Space")
    until(page, "document.getElementById('play').textContent === 'Play'")
    hand.settle()
    replay = hand.value("replay")
    assert not any(right for _, right in replay["actions"]), "nobody has pressed a key for the right player"
    hand.is_at(len(replay["actions"]))
    frames = true_game(replay)
    assert (hand.sees("truth") == frames[-1]).all()
    assert len(np.unique(paddles(frames)[:, 0])) > 1


@pytest.mark.slow
def test_the_shipped_world_is_played(pong: Table) -> None:
    """All of it once, with a network for a dream that is shown true frames at first."""
    hand, page, opening = pong.hand, pong.told.page, open_playable("cartridge:pong").world.spec.opening
    hand.is_at(opening - 1)
    for left, right in (("up", "down"), ("down", "up")):
        start = hand.paddles("truth")
        hand.hold(left, right)
        hand.step(4)
        hand.hold(None, None)
        sign = -1 if left == "up" else 1
        for panel in ("truth", "dream"):
            assert np.subtract(hand.paddles(panel), start).tolist() == [4 * sign, -4 * sign]
    assert hand.text("banner") == SAME and "trust" in hand.text("light-text")
    end = hand.value("last")
    hand.slide(opening + 2)
    page.click("#anchor")
    until(page, f"tickworld.game.session.anchors[0] === {opening + 2}")
    hand.hold("up", None)
    hand.step(3)
    hand.hold(None, None)
    assert (hand.text("banner"), hand.value("last")) == (SAME, opening + 5) and opening + 5 < end
    replay = hand.value("replay")
    for panel in ("truth", "dream"):
        assert (hand.sees(panel) == true_game(replay)[-1]).all()
    page.click("#save")
    until(page, "document.getElementById('done').textContent.startsWith('Saved')")
    assert (episode(store.open(pong.folder / "pong").read(), 0).frames == true_game(replay)).all()
    with page.expect_download() as download:
        page.click("#gif")
    with Image.open(download.value.path()) as picture:
        assert picture.format == "GIF"
    page.click("#inspector summary")
    until(page, "document.getElementById('map').width > 8")
    before = hand.page.evaluate("Array.from(tickworld.game.session.frames.dream)")
    page.select_option("#field", "out")
    page.fill("#value", "-60")
    until(page, "tickworld.game.session.changed")
    hand.is_at(opening + 5)
    assert hand.page.evaluate("Array.from(tickworld.game.session.frames.dream)") != before
    assert hand.text("banner").startswith("The dream was changed by hand. Truth and dream first differ")


def test_one_who_takes_one_side_only_is_offered_there_and_sees_what_is_chosen(browser: Any, tmp_path: Path) -> None:
    for told, hand, _ in seated(browser, Weak(), tmp_path, own={"tracking": "left"}):
        lists = told.page.locator("#sides select")
        assert "tracking" in lists.nth(0).inner_text() and "tracking" not in lists.nth(1).inner_text()
        assert lists.count() == 2  # nobody is there to see anything
        hand.seat(0, "tracking")
        assert told.page.locator("#sides .side").nth(2).inner_text().startswith("players see the")
        hand.seat(2, "dream")
        assert hand.value("eyes") == "dream" and hand.value("sides") == ["tracking", None]
        told.page.click("h1")
        hand.step(3)
        assert hand.value("moment.eyes") == "dream"
