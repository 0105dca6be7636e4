"""Videos with a table of actions each: one file, or a folder of pairs (a.mp4 and a.csv), an episode each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from tickworld.data.importing import tables
from tickworld.data.importing.source import Asked, Clip, Shot, Source, check_picture, natural
from tickworld.errors import UserError, check_installed

FILMS = (".mp4", ".webm", ".mkv", ".mov", ".avi", ".m4v")
"""Decoded by FFmpeg, through PyAV."""
DRAWN = (".gif", ".webp", ".apng")
"""Decoded by Pillow, which puts their partial frames together exactly."""
SUFFIXES = FILMS + DRAWN
_MISSING = 0.5
"""Seconds by which a video may end before the time that it announces."""


def is_video(path: Path) -> bool:
    """Whether ``path`` is a video or a folder that holds some."""
    if path.is_dir():
        return any(each.suffix.lower() in SUFFIXES for each in path.iterdir())
    return path.suffix.lower() in SUFFIXES


def open_source(path: Path, asked: Asked) -> Source:
    """The videos at ``path``. Raises UserError for one that cannot be opened or has no usable table."""
    films = [path]
    if path.is_dir():
        films = sorted((each for each in path.iterdir() if each.suffix.lower() in SUFFIXES), key=natural)
        if asked.table:
            raise UserError(
                f"--actions names one table, and {path} is a folder of videos; put each table beside its own"
            )
    if any(each.suffix.lower() in FILMS for each in films):
        check_installed(["av"], "import")
    placed = [tables.beside(film, asked.table) for film in films]
    clips = tuple(_clip(film, table) for film, table in zip(films, placed, strict=True))
    return Source("video", path.stem, clips, (*films, *placed))


def _clip(film: Path, table: Path) -> Clip:
    drawn = film.suffix.lower() in DRAWN
    shots = partial(_drawn_shots if drawn else _film_shots, film)
    return Clip(str(film), shots, _drawn_length(film) if drawn else _film_length(film), tables.read_track(table))


def _film_length(path: Path) -> int:
    """About how many frames a film has; 0 where it does not tell. Raises UserError when it is none."""
    import av

    with _opened(path) as container:
        stream = container.streams.video[0]
        seconds = (container.duration or 0) / av.time_base
        return stream.frames or round(seconds * float(stream.average_rate or 0))


def _film_shots(path: Path) -> Iterator[Shot]:
    import av
    from av.error import FFmpegError

    with _opened(path) as container:
        stream = container.streams.video[0]
        announced, seconds = stream.frames, (container.duration or 0) / av.time_base
        rate = float(stream.average_rate or 0) or np.nan
        number, first, time = 0, None, 0.0
        try:
            for frame in container.decode(stream):
                if frame.is_corrupt:
                    raise UserError(f"frame {number} of {path} is damaged; make the video anew, or cut it off before")
                grey = frame.format.name.startswith("gray")
                pixels = frame.to_ndarray(format="gray" if grey else "rgb24")
                at = frame.time
                first = at if first is None else first
                time = number / rate if at is None or first is None else at - first
                yield Shot(number, time, check_picture(pixels, f"{path} frame {number}"))
                number += 1
        except FFmpegError as error:
            raise UserError(
                f"{path} cannot be read after frame {number - 1} ({error.strerror}); make it anew"
            ) from error
    if number < announced or time + 1 / rate + _MISSING < seconds:
        whole = f"{announced} frames" if number < announced else f"{seconds:.1f} s"
        raise UserError(f"{path} is cut short: it ends after {number} frames ({time:.1f} s) of {whole}; copy it again")


def _opened(path: Path):  # noqa: ANN202 - a type of a package that is imported late
    """The container of a film. Raises UserError when it is none, or holds no pictures."""
    import av
    from av.error import FFmpegError

    try:
        container = av.open(str(path), options={"protocol_whitelist": "file"})  # a playlist may not fetch anything
    except (FFmpegError, OSError) as error:
        raise UserError(
            f"{path} is not a video that can be read ({error.strerror}); check it, or make it anew"
        ) from error
    if not container.streams.video:
        container.close()
        raise UserError(f"{path} holds no pictures; give a video")
    return container


def _drawn_length(path: Path) -> int:
    with _picture(path) as image:
        return getattr(image, "n_frames", 1)


def _drawn_shots(path: Path) -> Iterator[Shot]:
    time = 0.0
    with _picture(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            try:
                image.seek(number)
                pixels = np.asarray(image.convert("L" if image.mode == "L" else "RGB"))
            except (OSError, EOFError, ValueError, SyntaxError) as error:
                raise UserError(f"{path} cannot be read after frame {number - 1} ({error}); make it anew") from error
            yield Shot(number, time, check_picture(pixels, f"{path} frame {number}"))
            time += image.info.get("duration", 0) / 1000 or np.nan


def _picture(path: Path):  # noqa: ANN202
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(path)
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise UserError(f"{path} is not a picture that can be read ({error}); make it anew") from error
