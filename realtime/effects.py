"""The live steps: what the controls ask for, done to every shot by the filter."""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.camera import Shot
from animirror.realtime.controls import Controls, Panel, Privacy
from animirror.realtime.degrade import Governor
from animirror.realtime.errors import UserError
from animirror.realtime.filter import MIN_SIDE, FaceFilter, StylizerLike
from animirror.realtime.pipeline import Packet, Step
from animirror.realtime.scene import Filtered, Scene
from animirror.realtime.view import View, card, draw_note

# A picture is the same as the one before when no part of it, averaged over squares of this many pixels, has
# changed by more than this (of 255): sensor noise stays under it, a blink of a small face does not. ...
SAME_SQUARE, SAME_LEVELS = 8, 3
# ... and so many pictures in a row may be taken for the same, then one is worked through again.
SAME_IN_A_ROW = 10


@dataclass
class Work:
    """A frame between the steps: ``same``: as the one before, whose result it gets."""

    shot: Shot
    controls: Controls
    scene: Scene | None = None
    same: bool = False


class Effects:
    """The filter's way of a shot in four steps, which may run in threads of their own, in order.

    ``stylizer``: gives that of a style by its place among the panel's; where it raises UserError the one
    before goes on, and ``say`` tells why. ``reuse``: where nothing changes, results are used again.
    ``governor``: says how much work the machine can do; None: all of it.
    """

    def __init__(
        self,
        face_filter: FaceFilter,
        stylizer: Callable[[int], StylizerLike],
        panel: Panel,
        say: Callable[[str], None],
        reuse: bool = True,
        governor: Governor | None = None,
    ) -> None:
        self._filter, self._stylizer, self._panel, self._say = face_filter, stylizer, panel, say
        self._reuse, self._governor = reuse, governor
        self._level = None if governor is None else governor.level
        self._filtering = False
        self._thumb: NDArray[np.uint8] | None = None
        self._asked: tuple[Controls, str | None] | None = None
        self._same = 0
        self._style: int | None = None
        self._last: View | None = None

    def steps(self) -> list[Step]:
        ways = (self.segment, self.pose, self.stylize, self.blend)
        return [Step(way.__name__, way) for way in ways]

    def segment(self, packet: Packet[Shot]) -> Work:
        """Read the controls and find the heads, unless nobody would see it or nothing has changed."""
        shot, controls = packet.value, self._panel.controls
        work = Work(shot, controls)
        if not controls.effect or controls.privacy is not Privacy.OFF or min(shot.frame.shape[:2]) < MIN_SIDE:
            self._filtering, self._thumb = False, None
            return work
        if not self._filtering:
            self._filter.reset()
            self._filtering = True
        work.same = self._reuse and self._is_same(shot, controls)
        if not work.same:
            self._ease()
            if self._filter.options != controls.filter:
                self._filter.options = controls.filter
            work.scene = self._filter.segment(shot.frame, shot.time)
        return work

    def pose(self, packet: Packet[Work]) -> Work:
        """Make of the heads what the generator is to be shown."""
        work = packet.value
        if work.scene is not None:
            work.scene = self._filter.pose(work.scene)
        return work

    def stylize(self, packet: Packet[Work]) -> Work:
        """Draw the heads in the chosen style."""
        work = packet.value
        if work.scene is not None:
            if work.controls.style != self._style:
                self._choose(work.controls.style)
            work.scene = self._filter.stylize(work.scene)
        return work

    def blend(self, packet: Packet[Work]) -> View:
        """Put all together as the controls ask."""
        view = self._blended(packet.value)
        if self._governor is not None:
            now = clock.perf_counter()
            self._governor.done(packet.number, now - packet.captured, now)
        return view

    def _blended(self, work: Work) -> View:
        if work.same and self._last is not None:
            self._last = replace(self._last, time=work.shot.time)
            return self._last
        if work.controls.privacy is not Privacy.OFF:
            return self._private(work)
        filtered = None if work.scene is None else self._filter.blend(work.scene)
        self._last = _view(work, filtered)
        return self._last

    def _ease(self) -> None:
        level = None if self._governor is None else self._governor.level
        if level is not None and level is not self._level:
            self._level = level
            self._filter.ease(level.segmenter, level.every, level.larger)

    def _choose(self, style: int) -> None:
        self._style = style
        try:
            self._filter.stylizer = self._stylizer(style)
        except UserError as error:
            self._say(str(error))

    def _private(self, work: Work) -> View:
        if work.controls.privacy is Privacy.FREEZE and self._last is not None:
            return replace(self._last, controls=work.controls, time=work.shot.time)
        picture = card(work.shot.frame.shape[1], work.shot.frame.shape[0])
        return View(picture, picture, None, work.controls, work.shot.time)

    def _is_same(self, shot: Shot, controls: Controls) -> bool:
        frame, asked = shot.frame, (controls, shot.note)
        size = max(1, frame.shape[1] // SAME_SQUARE), max(1, frame.shape[0] // SAME_SQUARE)
        thumb = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        same = (
            self._thumb is not None
            and self._thumb.shape == thumb.shape
            and self._asked == asked
            and self._same < SAME_IN_A_ROW
            and int(cv2.absdiff(thumb, self._thumb).max()) <= SAME_LEVELS
        )
        self._same = self._same + 1 if same else 0
        if not same:  # compared with what was worked on: slow changes add up until they are seen
            self._thumb, self._asked = thumb, asked
        return same


def _view(work: Work, filtered: Filtered | None) -> View:
    shot, controls = work.shot, work.controls
    before = shot.frame
    after = before if filtered is None else filtered.frame
    mask = None if filtered is None else filtered.mask
    if controls.mirror:
        before, after = (np.asarray(cv2.flip(picture, 1), np.uint8) for picture in (before, after))
        mask = None if mask is None else np.asarray(cv2.flip(mask, 1), np.float32)
    if shot.note:
        if after is before:
            after = before.copy()
        draw_note(after, shot.note)
    return View(before, after, mask, controls, shot.time, shot.note)
