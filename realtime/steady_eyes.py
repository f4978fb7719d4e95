"""A head's eyes from frame to frame: averaged, known again, faded in and out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from animirror.realtime.eyes import Eye, Pair, distance, mean_faint
from animirror.realtime.smoothing import mix

# An eye comes and goes (a turn of the head, a hair) over this time, and its place is averaged over the next;
# its shape and gaze change less than they are mismeasured, and over the last.
FADE_SECONDS, PLACE_SECONDS, SHAPE_SECONDS = 0.12, 0.03, 0.1
# What lens and lamp leave of an eye changes over this time. An eye that is faint for less is shut: in a blink
# nothing is seen of white and iris either, and open eyes were painted over it.
FAINT_SECONDS = 1.5
# Eyes as faint as can be go in this time, for the segmenter loses them in one frame out of two or three; shut
# ones, whose brows are found instead, as well: a blink is shorter.
HELD_SECONDS = 0.6
# Eyes nearer to each other than this share of their radius are the same one in the next frame.
SAME_EYE = 0.8
# A pair that jumped no further than this, in distances between its eyes, is the same one if these are as
# far apart as they were, give or take the second; and so is one eye of it seen alone.
JUMP, ALIKE = 0.8, 0.65
# What is found above a clear eye of a pair, so far beside it at most and between the next two above it,
# in distances between the eyes, is its brow, seen while the eye is shut.
BROW_BESIDE, BROW_LEAST, BROW_MOST = 0.25, 0.12, 0.55
# Eyes at least so faint were never seen well: what they are found to be next tells more than what they were.
HARDLY_SEEN = 0.5
# What of an eye is measured in each frame.
PLACE, SHAPE = ("x", "y", "radius"), ("width", "openness", "turn", "gaze")


def steadied(
    eyes: Sequence[Eye],
    previous: Sequence[Eye],
    seconds: float,
    kept: Callable[[Eye], Eye | None] = lambda _: None,
) -> tuple[Eye, ...]:
    """This frame's eyes averaged with the last frame's; new and lost ones fade in and out.

    New ones are no fainter than those of the last frame: brows found as eyes in a blink are. Brows of clear
    eyes are none at all, and the shut eye below stays. ``kept``: what stays of a lost one; by default
    nothing, and it fades.
    """
    step, rest, result, move = seconds / FADE_SECONDS, list(previous), [], (0.0, 0.0)
    found = [eye for eye in eyes if not _is_brow(eye, eyes, previous)]
    shut = len(found) < len(eyes)
    for eye, known in zip(found, _known_again(found, previous), strict=True):
        if known is None:
            faint = min(eye.faint, mean_faint(previous)) if previous else eye.faint
            result.append(replace(eye, presence=min(1.0, step), faint=faint))
            continue
        rest.remove(known)
        # What was measured of a pair, when one of it was a brow, is wrong of the other too.
        eye = replace(eye, **{name: getattr(known, name) for name in SHAPE}) if shut else eye
        result.append(_averaged(eye, known, seconds, min(1.0, known.presence + step)))
        move = result[-1].x - known.x, result[-1].y - known.y
    # More than two eyes are none of one head: what is lost makes room for what is new.
    lost = (kept(old) or _lost(old, move, seconds, shut) for old in rest[: 2 - len(result)])
    return (*result, *(eye for eye in lost if eye.presence > 0))


def _known_again(found: Sequence[Eye], previous: Sequence[Eye]) -> list[Eye | None]:
    """Which of the last frame's eyes each of this frame's is; None: a new one."""
    before = Pair.of(previous) if len(previous) == 2 else None
    if before is not None and len(found) == 2:
        now = Pair.of(found)
        old = [before.left if eye is now.left else before.right for eye in found]
        alike = ALIKE < now.apart / max(before.apart, 1e-6) < 1 / ALIKE
        if alike and all(_may_be(eye, was, before) for eye, was in zip(found, old, strict=True)):
            return list(old)
    rest, known = list(previous), list[Eye | None]()
    for eye in found:
        known.append(next((old for old in rest if _same(eye, old)), None))
        rest = [old for old in rest if old is not known[-1]]
    if before is not None and len(found) == 1 and known[0] is None:
        nearest = min(previous, key=lambda old: distance(found[0], old))
        return [nearest if _may_be(found[0], nearest, before) else None]
    return known


def _may_be(eye: Eye, was: Eye, pair: Pair) -> bool:
    """Whether an eye is what one of a pair ``was``, near to it or after a quick turn of the head."""
    beside, below = pair.turned(eye.x - was.x, eye.y - was.y)
    return _same(eye, was) or (math.hypot(beside, below) < JUMP and not _as_brow(beside, below))


def _as_brow(beside: float, below: float) -> bool:
    """Whether a brow may lie so far beside and below its eye, in distances between the eyes."""
    return abs(beside) < BROW_BESIDE and BROW_LEAST < -below < BROW_MOST


def _is_brow(eye: Eye, eyes: Sequence[Eye], previous: Sequence[Eye]) -> bool:
    """Whether one of this frame's eyes lies where the brow of a clear one of the last frame's pair is.

    Brows near their eyes would pass for these; but eyes go where the other one goes.
    """
    if len(previous) != 2:
        return False
    others = [other for other in eyes if other is not eye]
    moves = [(one.x - old.x, one.y - old.y) for one in others for old in previous if _same(one, old)]
    if not moves and any(_same(eye, old) for old in previous):
        return False
    move, pair = moves[0] if moves else (0.0, 0.0), Pair.of(previous)
    ways = (
        pair.turned(eye.x - old.x - move[0], eye.y - old.y - move[1])
        for old in previous
        if old.faint < HARDLY_SEEN
    )
    return any(_as_brow(*way) for way in ways)


def _lost(eye: Eye, move: tuple[float, float], seconds: float, shut: bool) -> Eye:
    """An eye that is not seen any more, going with the other one."""
    fade = FADE_SECONDS + (HELD_SECONDS - FADE_SECONDS) * (1.0 if shut else eye.faint)
    return replace(eye, x=eye.x + move[0], y=eye.y + move[1], presence=eye.presence - seconds / fade)


def _averaged(eye: Eye, known: Eye, seconds: float, presence: float) -> Eye:
    """The further it went, the less is it averaged: drawn eyes must not lag behind the head."""
    place, shape = mix(seconds, PLACE_SECONDS), mix(seconds, SHAPE_SECONDS)
    place += (1.0 - place) * min(1.0, distance(eye, known) / max(_reach(eye, known), 1e-6))

    def between(name: str, weight: float) -> float:
        new, old = getattr(eye, name), getattr(known, name)
        return float(old + weight * (new - old))

    moved = {name: between(name, place) for name in PLACE}
    faint = between("faint", mix(seconds, FAINT_SECONDS))
    shaped = {name: between(name, shape) for name in SHAPE}
    return replace(eye, presence=presence, faint=faint, **moved, **shaped)


def _same(eye: Eye, other: Eye) -> bool:
    return distance(eye, other) < _reach(eye, other)


def _reach(eye: Eye, other: Eye) -> float:
    return SAME_EYE * max(eye.radius, other.radius)
