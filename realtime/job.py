"""One video's conversion: what is asked for, checked before any work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from animirror.realtime.encoders import EncodeOptions, choose_encoder
from animirror.realtime.errors import UserError
from animirror.realtime.images import check_writable
from animirror.realtime.transforms import Plain, Transform

# Frames done so far, frames in all (None: unknown).
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class VideoJob:
    """A video, its result, and how the one becomes the other; the same on every machine that works on it.

    ``begin``, ``end``: only this part, seconds from the video's first frame; ``fps``: frames per second of
    the result, None: every frame at its own time; ``transform``: what is written of a filtered frame.
    ``look``: all else that changes the pictures (models, filter options) in words, so that a resume can tell
    whether it is still the same. ``resume``: go on where an earlier conversion was ended.
    """

    source: Path
    target: Path
    encode: EncodeOptions = field(default_factory=EncodeOptions)
    overwrite: bool = False
    resume: bool = False
    begin: float | None = None
    end: float | None = None
    fps: Fraction | None = None
    transform: Transform = field(default_factory=Plain)
    look: str = ""
    # The longest segment, frames; None: by the size of the picture (see segments.py).
    segment_frames: int | None = None

    @property
    def plain(self) -> bool:
        """Whether the filtered frame itself is written."""
        return isinstance(self.transform, Plain)

    @property
    def folder(self) -> Path:
        """Where the work lies until it is whole: beside the target, hidden."""
        return self.target.with_name(f".{self.target.name}.animirror")


def check_job(job: VideoJob) -> None:
    """Raise UserError, before any work, where a job cannot be done whatever is in the source."""
    choose_encoder(job.encode, job.target)
    check_writable(job.target, job.source, job.overwrite)
    if job.begin is not None and job.begin < 0:
        raise UserError(f"The begin (--from) lies before the video: {job.begin:g} s.")
    if job.end is not None and job.end <= (job.begin or 0):
        raise UserError(f"The end (--to, {job.end:g} s) must lie after the begin ({job.begin or 0:g} s).")
    if job.fps is not None and not 0 < job.fps <= 1000:
        raise UserError(f"The frame rate must lie between 0 and 1000, not {float(job.fps):g}.")
    if job.segment_frames is not None and job.segment_frames < 1:
        raise UserError(f"A segment has at least one frame, not {job.segment_frames}.")
