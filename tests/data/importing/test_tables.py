"""Tables of actions: every form gives the same track, and every mistake is told with its line."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tickworld.data.importing import tables
from tickworld.errors import UserError


def test_every_form_is_read_alike(writer: Any) -> None:
    rows = [(0, "up", 1), (4, "stay", 0), (9, "up", 2)]
    one = writer.table("a.csv", ["frame,action_left,action_right", *(",".join(map(str, row)) for row in rows)])
    keys = ("frame", "action_left", "action_right")
    two = writer.table("a.jsonl", [json.dumps(dict(zip(keys, row, strict=True))) for row in rows])
    import pyarrow as pa
    import pyarrow.parquet as pq

    three = writer.folder / "a.parquet"
    pq.write_table(pa.table({key: [row[place] for row in rows] for place, key in enumerate(keys)}), three)
    for path in (one, two, three):
        track = tables.read_track(path)
        assert track.players == ("left", "right") and not track.timed
        assert track.starts.tolist() == [0, 4, 9]
        assert track.values.tolist() == [["up", "1"], ["stay", "0"], ["up", "2"]]
        assert track.at(np.array([0, 3, 4, 8, 9, 20]), np.full(6, np.nan)).tolist() == [0, 0, 1, 1, 2, 2]


def test_players_are_named_by_their_columns(writer: Any) -> None:
    for head, players in (("frame,action", ("player",)), ("frame,left,right", ("left", "right"))):
        assert tables.read_track(writer.table("a.csv", [head, ",".join("0" * len(head.split(",")))])).players == players
    assert tables.read_track(writer.table("a.csv", ["frame,action,comment", "0,up,hello"])).values.tolist() == [["up"]]


def test_names_and_numbers(writer: Any) -> None:
    track = tables.read_track(writer.table("a.csv", ["frame,action", "0,7", "1,2", "2,7"]))
    assert tables.vocabulary([track], ()) == ("2", "7")
    assert tables.coded(track, ("2", "7"), False).tolist() == [[1], [0], [1]]
    with pytest.raises(UserError, match=r"a.csv line 2 has the action '7'; expected 0..2; known: stay, up, down"):
        tables.coded(track, ("stay", "up", "down"), True)
    named = tables.read_track(writer.table("a.csv", ["frame,action", "0,up", "1,stay", "5,up"]))
    assert tables.vocabulary([named], ()) == ("up", "stay")
    assert tables.coded(named, ("stay", "up", "down"), True).tolist() == [[1], [0], [1]]
    with pytest.raises(UserError, match=r"a.csv line 2 has the action 'up'; did you mean 'ups'\?"):
        tables.coded(named, ("stay", "ups"), True)


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (["action", "up"], "must have a column frame .numbers from 0. or a column time .* got the columns action"),
        (["frame,time,action", "0,0,up"], "one of them; got both"),
        (["frame", "0"], "has no column of actions"),
        (["frame,action"], "has no rows"),
        (["frame,action", "0,up", "1"], "line 3 has 1 cells; expected 2: frame, action"),
        (["frame,action", "0,up", "x,up"], "line 3 must begin with a frame number, 0 or more; got 'x'"),
        (["frame,action", "0,up", "1.5,up"], "line 3 must begin with a frame number"),
        (["frame,action", "0,up", "-1,up"], "line 3 must begin with a frame number"),
        (["time,action", "0,up", "nan,up"], "line 3 must begin with a time in seconds, 0 or more; got 'nan'"),
        (["frame,action", "0,up", "1,"], "line 3 has no usable action in column 'action': got ''"),
        (["frame,action", "0,1", "1,nan"], "line 3 has no usable action .* got 'nan'; expected a name or a whole"),
        (["frame,action", "0,1", "1,0.5"], "line 3 has no usable action .* got '0.5'"),
        (["frame,action", "0,up", "3,up", "3,down"], "line 4 is for frame 3, and the row before it for 3; sort"),
        ([""], "must have a column frame|has no rows"),
    ],
)
def test_a_bad_csv_is_told_with_its_line(lines: list[str], complaint: str, writer: Any) -> None:
    with pytest.raises(UserError, match=complaint):
        tables.read_track(writer.table("a.csv", lines))


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (['{"frame": 0, "action": "up"}', "{"], "line 2 is not JSON"),
        (['{"frame": 0, "action": "up"}', "[]"], "line 2 must be an object"),
        (['{"frame": 0, "action": "up"}', '{"frame": 1}'], "line 2 has frame; expected frame, action, as before it"),
        (['{"frame": 0, "action": null}'], "line 1 has no usable action in column 'action': got None"),
        (['{"frame": 0, "action": [1]}'], "line 1 has no usable action"),
        (['{"frame": 0, "action": NaN}'], "line 1 has no usable action"),
    ],
)
def test_bad_json_lines_are_told_with_their_line(lines: list[str], complaint: str, writer: Any) -> None:
    with pytest.raises(UserError, match=complaint):
        tables.read_track(writer.table("a.jsonl", lines))


def test_files_that_are_no_tables(writer: Any) -> None:
    (writer.folder / "a.csv").write_bytes(b"\xff\xfe\x00frame")
    with pytest.raises(UserError, match="cannot be read"):
        tables.read_track(writer.folder / "a.csv")
    (writer.folder / "a.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(UserError, match="is not a readable Parquet file"):
        tables.read_track(writer.folder / "a.parquet")
    with pytest.raises(UserError, match="a table of actions is one of .csv, .parquet, .jsonl; got 'a.xlsx'"):
        tables.read_track(writer.folder / "a.xlsx")


def test_too_many_actions(writer: Any) -> None:
    track = tables.read_track(writer.table("a.csv", ["frame,action", *(f"{n},{n}" for n in range(300))]))
    with pytest.raises(UserError, match="more than 256 different actions"):
        tables.vocabulary([track], ())
