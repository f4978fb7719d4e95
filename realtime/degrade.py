"""Less work for a machine that is too slow, by plan, and all of it again when there is room."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from animirror.realtime.locate import SegmenterLike

MODES = ("auto", "never")
# Too slow: over the last seconds frames came out less often than this a second (or than 0.85 of those that
# came in, where a camera is slower), or were older than this at the median. Under 24 a second, motion is no
# longer smooth; over 150 ms, lips and voice come apart.
LEAST_RATE, LEAST_SHARE, OLDEST = 24.0, 0.85, 0.150
# Judged over so many seconds, and so many frames at least: a single hiccup is no reason.
WINDOW, MIN_FRAMES = 2.0, 8
# After so long without trouble the next better level is tried. When that fails, the wait is twice as long the
# next time, up to the last: nobody should see the picture change back and forth.
PATIENCE, FAILED_WITHIN, LONGEST_PATIENCE = 6.0, 8.0, 120.0


@dataclass(frozen=True)
class Level:
    """One step of the plan: the segmenter, how often it sees known heads, the HUD's words.

    ``larger``: whether heads with small faces are drawn larger than others (see drawn_size).
    """

    segmenter: SegmenterLike
    every: int
    told: str
    larger: bool = True


def levels(
    segmenter: SegmenterLike, smaller: Sequence[SegmenterLike], every: int = 1, sizes: Sequence[int] = ()
) -> list[Level]:
    """The plan, best first: as asked for, all heads drawn at one size, smaller crops, every second frame.

    Last of all, known heads are segmented in every second frame only. ``smaller``: segmenters of the same
    labels with smaller inputs, the largest first; ``every``: what the user asked for; ``sizes``: that the
    generator draws at.
    """
    plan = [Level(segmenter, every, "")]
    if len(sizes) > 1:
        plan.append(replace(plan[0], told=f"drawn at {sizes[0]} px", larger=False))
    drawn = plan[-1]
    plan += [
        replace(drawn, segmenter=eased, told=_both(drawn.told, f"head crop {eased.size} px"))
        for eased in smaller
    ]
    if every < 2:
        plan.append(replace(plan[-1], every=2, told=_both(plan[-1].told, "masks in every 2nd frame")))
    return plan


def _both(told: str, more: str) -> str:
    return f"{told}, {more}" if told else more


class Governor:
    """Chooses the level by how the frames come out. Written to by one thread, read by any."""

    def __init__(self, plan: Sequence[Level]) -> None:
        self.plan = list(plan)
        self._index = 0
        self._lock = threading.Lock()
        # When it came out, its number at the source, its age; seconds.
        self._frames: deque[tuple[float, int, float]] = deque()
        self._since: float | None = None
        self._patience = PATIENCE
        self._better_since: float | None = None

    @property
    def level(self) -> Level:
        return self.plan[self._index]

    @property
    def told(self) -> str:
        """What the HUD says; empty where nothing is left out."""
        return self.level.told

    def done(self, number: int, age: float, now: float) -> None:
        """A frame came out: its number at the source, how old it was, and when; seconds."""
        with self._lock:
            if self._since is None:
                self._since = now
            self._frames.append((now, number, age))
            while len(self._frames) > MIN_FRAMES and now - self._frames[0][0] > WINDOW:
                self._frames.popleft()
            # Frames from before the last change say nothing about this level.
            if now - self._since < WINDOW or len(self._frames) < MIN_FRAMES:
                return
            if self._too_slow():
                self._worse(now)
            else:
                self._better(now)

    def _too_slow(self) -> bool:
        (first, first_number, _), (last, last_number, _) = self._frames[0], self._frames[-1]
        span = max(last - first, 1e-6)
        rate, wanted = (len(self._frames) - 1) / span, (last_number - first_number) / span
        ages = sorted(age for _, _, age in self._frames)
        return rate < min(LEAST_RATE, LEAST_SHARE * wanted) or ages[len(ages) // 2] > OLDEST

    def _worse(self, now: float) -> None:
        if self._index == len(self.plan) - 1:
            # Nothing is left to try; the wait for something better begins anew.
            self._since = now
            return
        if self._better_since is not None and now - self._better_since < FAILED_WITHIN:
            self._patience = min(LONGEST_PATIENCE, 2 * self._patience)
        self._change(self._index + 1, now)

    def _better(self, now: float) -> None:
        assert self._since is not None
        if self._better_since is not None and now - self._better_since > LONGEST_PATIENCE:
            self._patience = PATIENCE
        if self._index and now - self._since >= self._patience:
            self._change(self._index - 1, now)
            self._better_since = now

    def _change(self, index: int, now: float) -> None:
        self._index, self._since = index, now
        self._frames.clear()
