"""Recording while live: to a file that was asked for, or from key to key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from animirror.realtime.errors import UserError
from animirror.realtime.images import Picture, write_picture
from animirror.realtime.pipeline import Packet
from animirror.realtime.sinks import VideoSink, check_video_target
from animirror.realtime.sources import letterboxed
from animirror.realtime.view import View

SUFFIX = ".mp4"


class FileSink:
    """A pipeline.Sink that writes views to one video file; times are those of their capture.

    Views of another size than the first are fitted into it. The file is whole however the session ends.
    Raises UserError, before anything is recorded, where the file cannot be written.
    """

    def __init__(self, target: Path, rate: float, overwrite: bool = False) -> None:
        check_video_target(target, overwrite)
        self.name = str(target)
        self._target, self._rate, self._overwrite = target, rate, overwrite
        self._video: VideoSink | None = None
        self._size, self._start = (0, 0), 0.0

    def write(self, packet: Packet[View]) -> None:
        frame = packet.value.after
        if self._video is None:
            self._start, self._size = packet.captured, (frame.shape[1], frame.shape[0])
            rate = Fraction(self._rate).limit_denominator(1001)
            # The encoder shares the cores with the models.
            self._video = VideoSink(self._target, *self._size, rate, self._overwrite, light=True)
        if (frame.shape[1], frame.shape[0]) != self._size:
            frame = letterboxed(frame, *self._size)
        self._video.write(frame, packet.captured - self._start, 1.0 / self._rate)

    def close(self) -> None:
        """Finish the file; without a single picture there is none."""
        if self._video is not None:
            self._video.__exit__(None, None, None)


class Recorder:
    """A pipeline.Sink that records while the views' controls say so, each time to a file of its own.

    ``say`` tells the user what is recorded, or why not: a full disk must not end a video call.
    """

    name = "recorder"

    def __init__(self, folder: Path, rate: float, say: Callable[[str], None]) -> None:
        self._folder, self._rate, self._say = folder, rate, say
        self._file: FileSink | None = None
        self._failed = False

    def write(self, packet: Packet[View]) -> None:
        if not packet.value.controls.recording:
            self._failed = False
            self._finish()
            return
        if self._failed:
            return
        try:
            if self._file is None:
                self._file = FileSink(fresh_path(self._folder, SUFFIX), self._rate)
                self._say(f"recording {self._file.name}")
            self._file.write(packet)
        except UserError as error:
            self._failed = True
            self._say(str(error))
            self._finish()

    def close(self) -> None:
        self._finish()

    def _finish(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
            self._say(f"recorded {file.name}")
        except UserError as error:
            self._say(str(error))


def keep_snapshot(view: View, folder: Path) -> str:
    """Write a view as PNG, its original beside it; returns what to tell the user."""
    target = fresh_path(folder, ".png")
    try:
        write_picture(Picture(view.after), target)
        write_picture(Picture(view.before), target.with_name(f"{target.stem}-original.png"))
    except UserError as error:
        return str(error)
    return f"kept {target}"


def fresh_path(folder: Path, suffix: str) -> Path:
    """A name by the time that no file of the folder has."""
    stem = f"animirror-{datetime.now():%Y-%m-%d-%H%M%S}"
    path, number = folder / f"{stem}{suffix}", 2
    while path.exists():
        path, number = folder / f"{stem}-{number}{suffix}", number + 1
    return path
