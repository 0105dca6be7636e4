"""A game that was played is saved as an episode like any other, and drawn as it was seen."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.play.conftest import GAME, client_of, some_keys

from tickworld.config import override
from tickworld.data import store
from tickworld.data.batches import WindowShape, windows
from tickworld.data.episode import episode
from tickworld.data.manifest import Plan
from tickworld.data.record import record
from tickworld.errors import UserError
from tickworld.frames import pixels_wrong
from tickworld.games.pong import Pong
from tickworld.models.learned import Learned
from tickworld.play.saving import PLAYERS, Game, gif, save
from tickworld.play.scene import Limits, Scene
from tickworld.progress import Silent
from tickworld.recipes import recipe
from tickworld.recipes.recording import recorded
from tickworld.simulator import Opening, Status
from tickworld.visual.split_screen import Layout, split_screen

MakeScene = Callable[..., Scene]
NAMES = [param.name for param in GAME.spec.params]


def played(ticks: int, seed: int = 5, **params: float) -> Game:
    row = np.array([seed], np.uint64)
    numbers = GAME.spec.draw(row)
    for name, value in params.items():
        numbers[0, NAMES.index(name)] = value
    return Game(numbers, row, some_keys(ticks, seed).astype(np.uint8))


def true_frames(game: Game) -> np.ndarray:
    state = GAME.init(game.params, game.seeds)
    frames = [GAME.render(state)]
    for keys in game.actions:
        state = GAME.update(state, keys[None])
        frames.append(GAME.render(state))
    return np.concatenate(frames)


def test_saved_games_are_episodes_of_a_recording(scene: MakeScene) -> None:
    stage, games = scene(), [played(9), played(30, seed=6), played(1, seed=7)]
    saved = [save(stage, game) for game in games]
    assert [each.number for each in saved] == [0, 1, 2] and len({each.folder for each in saved}) == 1
    there = store.open(saved[0].folder)
    assert there.manifest.grows and there.manifest.plan.players == PLAYERS and there.spec == GAME.spec
    episodes = there.read()
    assert len(episodes) == 3 and episodes.ticks == 30 and episodes.lengths.tolist() == [9, 30, 1]
    for index, game in enumerate(games):
        one = episode(episodes, index)
        assert (one.frames == true_frames(game)).all() and (one.actions == game.actions).all()
        assert one.seed == game.seeds[0] and (one.params == game.params[0]).all() and not one.over.any()
        assert set(one.truth) == set(GAME.init(game.params, game.seeds)._fields)
        rest = slice(int(episodes.lengths[index]) + 1, None)
        assert (episodes.frames[index, rest] == one.frames[-1]).all()
    assert episodes.over[0, 9:].all() and not episodes.actions[0, 9:].any()
    assert len(there.read(2)) == 2


def test_what_is_saved_can_be_learned_from(scene: MakeScene) -> None:
    folder = [save(scene(), played(30, seed)) for seed in range(3)][0].folder
    there = recorded(override(recipe("demo"), {"data": str(folder)}), Path("none"), Silent())
    batch = windows(there.read(), WindowShape(opening=16, ticks=4, batch=8), 0, 0)
    assert batch.frames.shape == (8, 5, 32, 32, 1) and batch.mask.all()


def test_a_page_saves_what_it_played(scene: MakeScene) -> None:
    client, _ = client_of(scene())
    keys = some_keys(20)
    truths = client.truths(5, keys)
    saved = client.ask("save", params=truths[0]["params"], seed=5, actions=keys.tolist())
    assert saved["episode"] == 0
    one = episode(store.open(Path(saved["folder"])).read(), 0)
    assert (one.frames == np.stack([each.frame for each in truths])).all()


def test_another_variant_of_the_game_is_another_recording(scene: MakeScene) -> None:
    """Params that are drawn differ from episode to episode; others make it another game to learn."""
    stage = scene()
    folders = [
        save(stage, game).folder.name
        for game in (
            played(3),
            played(3, serve_wait=2),
            played(3, ball_x=9),
            played(3, serve_wait=2, ball_x=9),
            played(3, serve_wait=3),
        )
    ]
    assert folders == ["pong", "pong-2", "pong", "pong-2", "pong-3"]
    assert stage.folder is not None
    assert store.open(stage.folder / "pong-2").manifest.game_params["serve_wait"] == 2
    assert len(store.open(stage.folder / "pong-2").read()) == 2


def test_what_lies_there_already_stays(scene: MakeScene) -> None:
    stage = scene()
    assert stage.folder is not None
    record(GAME, _Idle(), Plan(players="idle", episodes=1, ticks=3), stage.folder / "pong")
    for name, file in (("pong-2", "note.txt"), ("pong-3", "zarr.json")):
        (stage.folder / name).mkdir()
        (stage.folder / name / file).write_text("mine")
    (stage.folder / "pong-4").write_text("mine too")
    (stage.folder / "pong-5").mkdir()
    assert save(stage, played(3)).folder.name == "pong-5"
    assert (stage.folder / "pong-2" / "note.txt").read_text() == (stage.folder / "pong-3" / "zarr.json").read_text()


def test_what_people_played_is_not_recorded_over(scene: MakeScene) -> None:
    folder = save(scene(), played(3)).folder
    with pytest.raises(UserError, match="was recorded with players = people; got idle"):
        record(GAME, _Idle(), Plan(players="idle", episodes=1, ticks=3), folder)


class _Idle:
    def init(self, seeds: Any) -> None:
        return None

    def act(self, memory: None, tick: int, frames: np.ndarray) -> tuple[np.ndarray, None]:
        return np.zeros((len(frames), 2), np.uint8), None


def test_an_episode_that_was_half_saved_is_not_there_and_does_no_harm(scene: MakeScene) -> None:
    """As if the power failed between the episode and the manifest, which says how many there are."""
    stage = scene()
    folder = save(stage, played(3)).folder
    before = (folder / "zarr.json").read_text()
    save(stage, played(40))
    (folder / "zarr.json").write_text(before)
    assert store.open(folder).read().lengths.tolist() == [3]
    assert save(stage, played(5)).number == 1
    assert store.open(folder).read().lengths.tolist() == [3, 5]


def test_a_block_that_lies_about_its_room_is_refused(scene: MakeScene) -> None:
    stage = scene()
    folder = save(stage, played(30)).folder
    save(stage, played(9))
    manifest = json.loads((folder / "zarr.json").read_text())
    manifest["attributes"]["plan"]["ticks"] = 20
    (folder / "zarr.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError, match="block 0 .* is damaged"):
        store.open(folder).read()


def test_what_cannot_be_saved_is_told(scene: MakeScene, tmp_path: Path) -> None:
    stage = scene(limits=Limits(episode_ticks=9, gif_ticks=9))
    for ticks, complaint in ((0, "has 1 to 9 ticks; got 0; play first"), (10, "1 to 9 ticks; got 10; rewind")):
        with pytest.raises(UserError, match=complaint):
            save(stage, played(ticks))
    with pytest.raises(UserError, match="an episode here has 1 to 5 ticks; got 6"):
        save(scene(limits=Limits(episode_bytes=5 * 32 * 32)), played(6))
    assert stage.folder is not None and not stage.folder.exists()
    with pytest.raises(UserError, match="there is no folder for episodes"):
        save(Scene("x", GAME), played(3))
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file is not a folder, .*; start the server with another --out"):
        save(Scene("x", GAME, folder=tmp_path / "file"), played(3))


def test_a_game_that_ends_is_saved_up_to_its_end(tmp_path: Path) -> None:
    class Short(Pong):
        def status(self, state: Any) -> Status:
            reward, _ = super().status(state)
            return Status(reward, (state.ball_x != GAME.init(*game[:2]).ball_x) & (state.ball_x % 5 == 0))

    game = played(30)
    one = episode(store.open(save(Scene("x", Short(), folder=tmp_path), game).folder).read(), 0)
    assert 0 < len(one.actions) < 30 and one.over[-1] and (one.frames == true_frames(game)[: len(one.frames)]).all()


def images(content: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(content)) as image:
        shown = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            shown.append(np.asarray(image.convert("RGB")))
        return shown


def test_a_picture_shows_truth_beside_dream_from_where_the_dream_begins(
    scene: MakeScene, dreams: dict[str, Learned]
) -> None:
    game, dream = played(12), dreams["snapped"]
    client, _ = client_of(scene("snapped"))
    answer = client.ask(
        "gif", params=game.params[0].tolist(), seed=5, actions=game.actions.tolist(), anchors=[7, 11, 3, 99]
    )
    assert answer["bytes"] == len(answer.body)
    truth, opening = true_frames(game), dream.spec.opening
    state, frames = None, []
    for tick in range(opening - 1, 13):
        if tick in (opening - 1, 7, 11):
            first = tick - opening + 1
            state = dream.init(
                game.params, game.seeds, Opening(truth[None, first : tick + 1], game.actions[None, first:tick])
            )
        else:
            state = dream.update(state, game.actions[None, tick - 1])
        frames.append(dream.render(state)[0])
    dreamt, shown = np.stack(frames), truth[opening - 1 :]
    wrong = pixels_wrong(shown, dreamt, GAME.spec.palette)
    assert wrong[1:4].any() and not wrong[[0, 4, 8]].any()  # it fails at once, and is right where it is set right
    expected = split_screen(shown, dreamt, int(wrong[1:].argmax()), layout=Layout(title="pong"))
    drawn = images(answer.body)
    assert len(drawn) == 13 - (opening - 1) == len(expected)
    assert all((one == other).all() for one, other in zip(drawn, expected, strict=True))


def test_a_dream_that_is_set_right_where_it_begins_is_drawn_so(scene: MakeScene, dreams: dict[str, Learned]) -> None:
    game, dream, truth = played(6), dreams["rssm"], true_frames(played(6))
    first = dream.spec.opening - 1
    state = dream.init(game.params, game.seeds, Opening(truth[None, : first + 1], game.actions[None, :first]))
    frames = [dream.render(state := dream.observe(state, truth[first, None]))]
    for keys in game.actions[first:]:
        frames.append(dream.render(state := dream.update(state, keys[None])))
    dreamt, shown = np.concatenate(frames), truth[first:]
    wrong = np.flatnonzero(pixels_wrong(shown, dreamt, GAME.spec.palette)[1:])
    expected = split_screen(shown, dreamt, int(wrong[0]), layout=Layout(title="pong"))
    drawn = images(gif(scene("rssm"), game, [first]))
    assert all(np.abs(one.astype(int) - other).max() <= 8 for one, other in zip(drawn, expected, strict=True))
    plain = images(gif(scene("rssm"), game))
    assert np.abs(plain[0].astype(int) - drawn[0]).max() > 8


def test_pictures_of_worlds_that_observe_and_that_begin_from_params(scene: MakeScene) -> None:
    game = played(8)
    assert len(images(gif(scene("rssm"), game, [5]))) == 6
    assert gif(scene("rssm"), game, [5]) != gif(scene("rssm"), game)
    assert len(images(gif(scene("gru from params"), game))) == 9
    with pytest.raises(UserError, match="can be shown nothing"):
        gif(scene("gru from params"), game, [5])


def test_what_cannot_be_drawn_is_told(scene: MakeScene) -> None:
    with pytest.raises(UserError, match="there is no dream here"):
        gif(scene(), played(3))
    with pytest.raises(UserError, match="the dream begins at tick 3, .* got a game of 3 ticks; play on"):
        gif(scene("snapped"), played(3))
    with pytest.raises(UserError, match="a GIF has 1 to 9 ticks; got 10; rewind to an earlier one"):
        gif(scene("snapped", limits=Limits(gif_ticks=9)), played(10))
