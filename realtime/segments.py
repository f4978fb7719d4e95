"""A video cut into segments that can be converted one by one, in any order and on any machine."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import av.error
from av.stream import Discard

from animirror.realtime.decode import FALLBACK_RATE, open_container, video_stream
from animirror.realtime.errors import UserError
from animirror.realtime.job import VideoJob

# A segment is what a kill may cost: less than a minute of work. Two cores filter 15 to 20 frames of 720p per
# second with one face, a third of that with many, and larger pictures slower, if less than their pixels say.
SEGMENT_FRAMES, FEWEST_FRAMES = 900, 240
SEGMENT_PIXELS = SEGMENT_FRAMES * 1280 * 720
# Every segment begins with a filter that knows nothing and sees this much (seconds) of what lies before, so
# that masks, crops, light and colours have come to rest when its first frame is shown: the longest of their
# averages is over 0.6 s.
WARM_SECONDS = 1.2
# ... in about so many frames: averages are over time and need no more, and each costs as much as a real one.
WARM_FRAMES = 12
# Packets come in the order of decoding, at most so far (seconds) from that of showing.
REORDERING_SECONDS = 5.0


@dataclass(frozen=True)
class Segment:
    """Frames from the tick ``start`` (None: the first) up to, not with, ``end`` (None: the last).

    Ticks of the video stream. ``warm``: where the frames begin that only prepare the filter (None: there are
    none); every ``stride``-th of them is looked at.
    """

    index: int
    start: int | None
    end: int | None
    warm: int | None
    stride: int = 1


@dataclass(frozen=True)
class Plan:
    """All segments of a job in order, how many frames they hold by the file's packets, and seconds of it.

    ``begin``: tick of the first frame; ``origin``: of the video's, which is the same without a trim.
    """

    segments: tuple[Segment, ...]
    frames: int
    seconds: float
    begin: int
    origin: int


@dataclass(frozen=True)
class _Index:
    """What a file's packets tell: when each frame is shown (ticks, growing), which stand alone."""

    times: list[int]
    keys: frozenset[int]
    base: Fraction
    rate: Fraction
    pixels: int
    # Whether every frame tells its time and the times grow.
    clean: bool


def plan_segments(job: VideoJob) -> Plan:
    """Cut a job's video into segments: the file is read once, not decoded; the same on every machine.

    Raises UserError where the source is no video or nothing of it lies between the job's begin and end.
    """
    index = _read_index(job)
    origin = index.times[0]
    first = 0 if job.begin is None else _place(index.times, origin + _ticks(job.begin, index.base))
    last = len(index.times) if job.end is None else _place(index.times, origin + _ticks(job.end, index.base))
    if first >= last:
        raise UserError(
            f"{job.source} has no frame from {job.begin or 0:g} s to {job.end or float('inf'):g} s; "
            f"it is {float((index.times[-1] - origin) * index.base):.1f} s long."
        )
    most = job.segment_frames or max(FEWEST_FRAMES, min(SEGMENT_FRAMES, SEGMENT_PIXELS // index.pixels))
    if not index.clean:
        most = last - first  # a place cannot be told by its time
    cuts = _cuts(index, first, last, most)
    end = None if job.end is None or last == len(index.times) else index.times[last]
    segments = tuple(
        _segment(index, number, cut, following, end)
        for number, (cut, following) in enumerate(zip(cuts, [*cuts[1:], None], strict=True))
    )
    seconds = float((index.times[last - 1] - index.times[first]) * index.base + 1 / index.rate)
    return Plan(segments, last - first, seconds, index.times[first], origin)


def _cuts(index: _Index, first: int, last: int, most: int) -> list[int]:
    """Places of the first frames of all segments: at key frames where there are any, else after ``most``."""
    cuts = [first]
    while last - cuts[-1] > most:
        window = range(cuts[-1] + most, cuts[-1] + most // 2, -1)
        cuts.append(next((place for place in window if index.times[place] in index.keys), window[0]))
    return cuts


def _segment(index: _Index, number: int, cut: int, following: int | None, end: int | None) -> Segment:
    stop = end if following is None else index.times[following]
    if cut == 0:
        return Segment(number, None, stop, None)
    start = index.times[cut]
    warm = _place(index.times, start - _ticks(WARM_SECONDS, index.base))
    stride = max(1, (cut - warm) // WARM_FRAMES)
    return Segment(number, start, stop, index.times[warm], stride)


def _read_index(job: VideoJob) -> _Index:
    with open_container(job.source) as container:
        stream = video_stream(container, job.source)
        for other in container.streams:
            if other is not stream:
                other.discard = Discard.all
        times: list[int] = []
        keys: set[int] = set()
        clean, end = True, 0
        try:
            for packet in container.demux(stream):
                if not packet.size or packet.is_discard:
                    continue
                told = packet.pts if packet.pts is not None else packet.dts
                clean = clean and told is not None
                times.append(end if told is None else told)
                end = times[-1] + (packet.duration or 1)
                if packet.is_keyframe:
                    keys.add(times[-1])
        except av.error.FFmpegError:
            pass  # the decoder will meet the same place and tell it with its time
        context = stream.codec_context
        rate = stream.average_rate or stream.guessed_rate or FALLBACK_RATE
        base = stream.time_base or 1 / FALLBACK_RATE
        pixels = max(1, context.width * context.height)
    if not times:
        raise UserError(f"{job.source} is damaged or truncated: no frame of it can be decoded.")
    clean = clean and not _restarts(times, base)
    return _Index(sorted(set(times)), frozenset(keys), base, rate, pixels, clean)


def _restarts(times: Sequence[int], base: Fraction) -> bool:
    """Whether the clock begins again midway: files that were joined end to end."""
    highest = times[0]
    for time in times:
        if (highest - time) * base > REORDERING_SECONDS:
            return True
        highest = max(highest, time)
    return False


def _place(times: Sequence[int], tick: int) -> int:
    """Index of the first frame at or after a tick."""
    return bisect_left(times, tick)


def _ticks(seconds: float, base: Fraction) -> int:
    return round(seconds / base)
