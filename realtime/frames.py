"""The frames of segments, decoded, with those that warm the filter up and when each is to be written."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, lcm

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.colors import Upright, refuse_hdr
from animirror.realtime.decode import Decoded, Decoder, Gap
from animirror.realtime.errors import UserError
from animirror.realtime.filter import MIN_SIDE
from animirror.realtime.job import VideoJob
from animirror.realtime.scene import Filtered, Scene
from animirror.realtime.segments import Segment
from animirror.realtime.sources import letterboxed

# Frames between decoder and encoder take so much memory together (bytes; each ROOM_PER_PIXEL: before and
# after in BGR, the mask, the decoder's planes); at least as many as keep all threads busy, at most as help.
ROOM, ROOM_PER_PIXEL, LEAST_FRAMES, MOST_FRAMES = 300e6, 12, 5, 12
# Encoders count ticks of a second in 31 bits; a finer clock than this one nobody needs.
MOST_TICKS, FINE_BASE = 2**31, Fraction(1, 90_000)


@dataclass
class Work:
    """A frame on its way through the filter.

    ``frame``: uint8 [H, W, 3] BGR, upright; ``time``: seconds; ``fresh``: the filter must forget what was
    before; ``outputs``: ticks at which it is written and how many it is shown; none: it only warms up.
    """

    segment: Segment
    decoded: Decoded
    frame: NDArray[np.uint8]
    time: float
    fresh: bool
    outputs: tuple[tuple[int, int], ...]
    scene: Scene | None = None
    filtered: Filtered | None = None


@dataclass(frozen=True)
class End:
    """All frames of a segment have passed; what was wrong with them, seconds and sentences."""

    segment: Segment
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]


class OutputClock:
    """When frames are written: at their own times, or at the beats of a constant rate.

    ``base``: seconds per tick of what it answers.
    """

    def __init__(self, base: Fraction, origin: int, rate: Fraction | None) -> None:
        self._base, self._origin, self._rate = base, origin * base, rate
        self.base = base
        if rate is not None:
            ticks = lcm(rate.numerator, base.denominator)
            self.base = Fraction(1, ticks) if ticks < MOST_TICKS else FINE_BASE

    def outputs(self, decoded: Decoded, following: int) -> tuple[tuple[int, int], ...]:
        """Ticks at which a frame is written and for how long; ``following``: pts of the frame after it."""
        if self._rate is None:
            return ((decoded.pts, decoded.duration),)
        first, end = (
            ceil((pts * self._base - self._origin) * self._rate) for pts in (decoded.pts, following)
        )
        ticks = [round((self._origin + beat / self._rate) / self.base) for beat in range(first, end + 1)]
        return tuple((tick, after - tick) for tick, after in itertools.pairwise(ticks))


class Frames:
    """A pipeline.Source of the frames of some segments of a job, in order, each segment closed by an End.

    What warms a segment up is kept from the segment before it where that passes too, else it is sought: both
    give the same frames. Raises UserError where the video is too small, HDR, or cannot be decoded at all.
    """

    def __init__(self, job: VideoJob, segments: Sequence[Segment], decoder: Decoder) -> None:
        self._job, self._segments, self._decoder = job, list(segments), decoder
        context = decoder.stream.codec_context
        self.size = (context.width, context.height)
        self.clock = OutputClock(decoder.base, decoder.stream.start_time or 0, job.fps)
        self._upright = Upright()
        self._room = threading.Semaphore(
            round(min(max(LEAST_FRAMES, ROOM / (ROOM_PER_PIXEL * self.size[0] * self.size[1])), MOST_FRAMES))
            if all(self.size)
            else LEAST_FRAMES
        )
        self._stopped = False
        self._notes: list[str] = []

    def stop(self) -> None:
        self._stopped = True
        self._room.release()

    def passed(self) -> None:
        """To be called when a frame has been through everything: there is room for another."""
        self._room.release()

    def __iter__(self) -> Iterator[Work | End]:
        warming = {segment.index: _Warming(segment) for segment in self._segments}
        waiting, fresh = list(self._segments), True
        for decoded, following in _with_next(self._decoder.frames(self._since())):
            if self._stopped:
                return
            while waiting[0].end is not None and decoded.pts >= waiting[0].end:
                yield self._end(waiting.pop(0))
                fresh = True
                if not waiting:
                    return
            for segment in waiting:
                if not warming[segment.index].add(decoded):
                    break
            segment = waiting[0]
            if segment.start is not None and decoded.pts < segment.start:
                continue
            for early in warming[segment.index].taken():
                yield self._work(segment, early, fresh, ())
                fresh = False
            outputs = self.clock.outputs(decoded, following)
            if outputs:
                yield self._work(segment, decoded, fresh, outputs)
                fresh = False
        yield from self._last(waiting)

    def _since(self) -> int | None:
        first = self._segments[0]
        return first.start if first.warm is None else first.warm

    def _last(self, waiting: list[Segment]) -> Iterator[End]:
        """The file has ended: so have all segments that wait."""
        if not self._decoder.count:
            raise UserError(f"{self._job.source} is damaged or truncated: no frame of it can be decoded.")
        missing = self._decoder.missing_end() if waiting[-1].end is None else None
        if missing is not None:
            self._decoder.gaps.append(missing)
        for segment in waiting:
            yield self._end(segment)

    def _end(self, segment: Segment) -> End:
        end = End(segment, tuple(self._decoder.gaps), tuple(self._notes))
        self._decoder.gaps, self._notes = [], []
        return end

    def _work(
        self, segment: Segment, decoded: Decoded, fresh: bool, outputs: tuple[tuple[int, int], ...]
    ) -> Work:
        self._room.acquire()
        picture = decoded.picture
        refuse_hdr(picture, self._job.source)
        frame = self._upright(picture)
        if min(frame.shape[:2]) < MIN_SIDE:
            raise UserError(
                f"{self._job.source} is too small ({frame.shape[1]}x{frame.shape[0]}); "
                f"at least {MIN_SIDE}x{MIN_SIDE}."
            )
        if (picture.width, picture.height) != self.size:
            frame = self._fitted(frame, picture.width, picture.height)
        if picture.interlaced_frame:
            self._note(f"{self._job.source} is interlaced: its frames are kept whole, as progressive ones.")
        return Work(segment, decoded, frame, float(decoded.pts * self._decoder.base), fresh, outputs)

    def _fitted(self, frame: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
        self._note(
            f"{self._job.source} changes its size to {width}x{height} midway; "
            f"those frames were fitted to {self.size[0]}x{self.size[1]}."
        )
        turned = (frame.shape[1], frame.shape[0]) != (width, height)
        return letterboxed(frame, *(self.size[::-1] if turned else self.size))

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)


@dataclass
class _Warming:
    """The frames before a segment that warm the filter up."""

    segment: Segment
    frames: list[Decoded] = field(default_factory=list)
    _seen: int = 0

    def add(self, decoded: Decoded) -> bool:
        """Keep the frame if it is one of them; False: it lies before all of them."""
        warm, start = self.segment.warm, self.segment.start
        if warm is None or start is None:
            return True
        if decoded.pts < warm:
            return False
        if decoded.pts < start:
            if self._seen % self.segment.stride == 0:
                self.frames.append(decoded)
            self._seen += 1
        return True

    def taken(self) -> list[Decoded]:
        """The frames, which are not kept any longer."""
        frames, self.frames = self.frames, []
        return frames


def _with_next(frames: Iterator[Decoded]) -> Iterator[tuple[Decoded, int]]:
    """Every frame with the pts of the one after it; of the last, when it ends."""
    before: Decoded | None = None
    for decoded in frames:
        if before is not None:
            yield before, decoded.pts
        before = decoded
    if before is not None:
        yield before, before.pts + before.duration
