"""FaceFilter: the whole way of one frame, from the camera's picture to the blended one."""

from __future__ import annotations

import threading
import time as clock
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime import blend, crisp
from animirror.realtime.brows import BrowMakeUp
from animirror.realtime.drawn_size import drawn_side, drawn_size
from animirror.realtime.errors import UserError
from animirror.realtime.eyes import EYES_LABEL, as_usual, find_eyes, watched
from animirror.realtime.lenses import kept_in_lens
from animirror.realtime.light import clearer, softness
from animirror.realtime.locate import Locator, SegmenterLike
from animirror.realtime.match import SceneMatch
from animirror.realtime.proportions import enlarge_eyes, make_up_eyes
from animirror.realtime.regions import (
    DEFAULT_REGIONS,
    GLASSES_LABEL,
    known_indices,
    label_indices,
    region_probability,
)
from animirror.realtime.rim_search import RimSearch
from animirror.realtime.rims import show_dark
from animirror.realtime.scene import Filtered, Head, Scene
from animirror.realtime.steady_eyes import steadied
from animirror.realtime.strands import HAIR_LABEL, calmer
from animirror.realtime.strays import StrayStrokes

MIN_SIDE = 64


class StylizerLike(Protocol):
    """What FaceFilter needs of a stylizer (see stylize.Stylizer)."""

    # All sides that it draws at, px, the smallest first.
    sizes: tuple[int, ...]
    # How many times as tall eyes must be shown to it.
    eyes: float

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.uint8]: ...


@dataclass(frozen=True)
class FilterOptions:
    """What a user may choose; may be replaced between frames."""

    # Regions or single labels that are redrawn.
    regions: tuple[str, ...] = DEFAULT_REGIONS
    # 0: the picture as it was, 1: the drawing alone.
    strength: float = 1.0
    # 0: the drawing's own studio light and colours, 1: the scene's light, the person's skin and hair.
    color_match: float = 0.6
    # Width of the mask's soft edge, as a multiple of the usual.
    feather: float = 1.0
    # 0: eyes as large as they are, 1: as the style draws them.
    eyes: float = 1.0

    def __post_init__(self) -> None:
        for name, value, limit in (
            ("strength", self.strength, 1.0),
            ("color match", self.color_match, 1.0),
            ("feather", self.feather, 10.0),
            ("eyes' enlargement", self.eyes, 1.0),
        ):
            if not 0.0 <= value <= limit:
                raise UserError(f"The {name} must be between 0 and {limit:g}, not {value:g}.")


class FaceFilter:
    """A frame in, a frame out: segment, pose, stylize, blend; each may run in a thread of its own, in order.

    Frames are uint8 [H, W, 3] BGR of at least MIN_SIDE pixels a side. Raises UserError when ``options``
    names a region that the segmenter does not know, ValueError for an array that is no frame.
    """

    def __init__(
        self, segmenter: SegmenterLike, stylizer: StylizerLike, options: FilterOptions | None = None
    ) -> None:
        self._segmenter = segmenter
        self._locator = Locator(segmenter)
        self.stylizer = stylizer
        self._labels = segmenter.labels
        self._last_time: float | None = None
        # A change of style may have one thread pose a frame anew while another poses the next.
        self._posing = threading.Lock()
        self._larger = True
        self._match = SceneMatch(self._labels)
        self._strays = StrayStrokes(self._labels)
        self._rims = RimSearch(self._labels)
        self._eyes = known_indices([EYES_LABEL], self._labels)
        self._glasses = known_indices([GLASSES_LABEL], self._labels)
        self._hair = known_indices([HAIR_LABEL], self._labels)
        self._brows = BrowMakeUp(self._labels)
        self.options = options or FilterOptions()

    @property
    def options(self) -> FilterOptions:
        return self._options

    @options.setter
    def options(self, options: FilterOptions) -> None:
        self._chosen = label_indices(options.regions, self._labels)
        self._options = options

    def __call__(self, frame: NDArray[np.uint8], time: float | None = None) -> Filtered:
        """The frame with its heads redrawn. ``time``: seconds, growing; None: a still picture."""
        return self.blend(self.stylize(self.segment(frame, time)))

    def prepare_for_live(self, segment_every: int = 1) -> None:
        """Let no frame take much longer than others; segment known heads in every Nth frame (see Locator)."""
        self._locator.thorough, self._locator.every = False, segment_every

    def ease(self, segmenter: SegmenterLike, segment_every: int, larger: bool = True) -> None:
        """From the next frame on, find heads with this segmenter (of the same labels), so often.

        ``larger``: whether heads with small faces are drawn larger than others (see drawn_size).
        """
        self._locator.use(segmenter)
        self._locator.every, self._larger = segment_every, larger

    @property
    def segmenter_size(self) -> int:
        """Side of the segmenter's input, px."""
        return self._segmenter.size

    @property
    def slow_segmenter(self) -> bool:
        """Whether the segmenter is slower than the generator: so it is where it sees larger pictures."""
        return self._segmenter.size > self.stylizer.sizes[0]

    def model_files(self) -> list[Path]:
        """The files of its models, where they come from files."""
        sessions = [getattr(model, "session", None) for model in (self._segmenter, self.stylizer)]
        return [session.path for session in sessions if session is not None]

    def reset(self) -> None:
        """Forget all heads: a new file or camera."""
        self._locator.reset()
        self._last_time = None

    def segment(self, frame: NDArray[np.uint8], time: float | None = None) -> Scene:
        """Find the heads and the probability of every label around them."""
        _check(frame)
        seconds = 0.0 if time is None or self._last_time is None else max(0.0, time - self._last_time)
        self._last_time = time
        scene = Scene(frame, [], seconds, still=time is None)
        with _timed(scene, "locate"):
            tracks = self._locator(frame, time)
            scene.heads = [Head.of(track) for track in tracks]
        scene.timings["segment"] = self._locator.network_seconds * 1000.0
        scene.timings["locate"] -= scene.timings["segment"]
        return scene

    def pose(self, scene: Scene) -> Scene:
        """Make of every head's crop what the generator is to be shown; nothing where nothing is drawn."""
        if self._options.strength > 0:
            self._pose(scene)
        return scene

    def stylize(self, scene: Scene) -> Scene:
        """Draw every head's crop; heads that were not posed for such a generator are, first."""
        drawn = self._options.strength > 0
        if drawn and scene.posed_for != (self.stylizer.sizes, self.stylizer.eyes):
            self._pose(scene)
        with _timed(scene, "stylize"):
            if drawn and scene.heads:
                self._draw(scene)
        return scene

    def _pose(self, scene: Scene) -> None:
        with _timed(scene, "pose"), self._posing:
            sizes, eyes = scene.posed_for = self.stylizer.sizes, self.stylizer.eyes
            self._prepare(scene, sizes)
            scene.posed = [self._posed(head, scene.seconds, eyes) for head in scene.heads]

    def _draw(self, scene: Scene) -> None:
        posed = scene.posed
        shown = [_reduced(image, head.drawn_size) for head, image in zip(scene.heads, posed, strict=True)]
        for head, drawing, small, image in zip(scene.heads, self._drawn(shown), shown, posed, strict=True):
            clean = self._strays.without(head, drawing)
            # Still pictures alone are drawn larger than the generator does.
            head.styled = (
                head.track.held(clean, small, head.crop, scene.seconds)
                if image is small
                else crisp.enlarged(clean, len(image))
            )

    def _prepare(self, scene: Scene, sizes: tuple[int, ...]) -> None:
        """How large each head is drawn, its image in as many pixels, and its light."""
        sizes = sizes if self._larger else sizes[:1]
        for head in scene.heads:
            before = None if scene.still else head.track.drawn_size
            size = drawn_size(head.face, sizes, before)
            head.drawn_size = head.track.drawn_size = size
            side = drawn_side(head.crop.side, size) if scene.still else size
            if head.image.shape[0] != side:
                head.image = head.crop.extract(scene.frame, side)
            head.light = self._match.light(head, scene.seconds)

    def _drawn(self, shown: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
        """The generator's drawings of square pictures, those of one size together."""
        drawings = list(shown)
        for size in {len(picture) for picture in shown}:
            places = [place for place, picture in enumerate(shown) if len(picture) == size]
            drawn = self.stylizer(np.stack([shown[place] for place in places]))
            for place, drawing in zip(places, drawn, strict=True):
                drawings[place] = drawing
        return drawings

    def blend(self, scene: Scene) -> Filtered:
        """Put the drawings into a copy of the frame."""
        result = scene.frame.copy()
        coverage = np.zeros(scene.frame.shape[:2], np.float32)
        with _timed(scene, "blend"):
            for head in scene.heads:
                if head.styled is not None:
                    self._blend_head(head, head.styled, result, coverage, scene.seconds)
        crops, eyes = tuple(head.crop for head in scene.heads), tuple(head.eyes for head in scene.heads)
        return Filtered(result, coverage, crops, scene.timings, eyes)

    def _blend_head(
        self,
        head: Head,
        styled: NDArray[np.uint8],
        result: NDArray[np.uint8],
        coverage: NDArray[np.float32],
        seconds: float,
    ) -> None:
        mask = head.mask(self._chosen, self._options.feather)
        mask *= np.float32(self._options.strength * head.visibility)
        blend.composite(result, coverage, self.matched(head, styled, seconds), mask, head.crop)

    def matched(self, head: Head, styled: NDArray[np.uint8], seconds: float = 0.0) -> NDArray[np.uint8]:
        """A head's drawing (uint8 [S, S, 3] BGR) in the light and colours of its image, as far as chosen."""
        return self._match(head, styled, self._options.color_match, seconds)

    def _posed(self, head: Head, seconds: float, tall: float) -> NDArray[np.uint8]:
        """The head as the generator knows heads from its training: well lit, clear, calm hair, large eyes.

        ``tall``: how many times as tall eyes must be.
        """
        lit = head.light.into_studio(head.image)
        soft = softness(head.crop.side, head.image.shape[0])
        lit = clearer(lit, soft)
        if self._hair:
            lit = calmer(lit, region_probability(head.probabilities, self._hair), lit.shape[0])
        if not self._eyes:
            return lit
        amount = 1.0 + (tall - 1.0) * self._options.eyes
        eyes = watched(find_eyes(region_probability(head.probabilities, self._eyes)), lit, soft)
        if head.track.eyes is not None and seconds > 0:
            glasses = region_probability(head.probabilities, self._glasses)
            in_lens = partial(kept_in_lens, glasses=glasses, seconds=seconds)
            eyes = steadied(eyes, head.track.eyes, seconds, in_lens)
        head.track.eyes, head.eyes = eyes, as_usual(eyes)
        calm = head.track.calm_eyes(head.eyes, head.crop, seconds)
        brows = head.track.brows = self._brows.find(head.probabilities, head.eyes, head.track.brows, seconds)
        lit = self._brows.make_up(lit, head.probabilities, calm, brows)
        posed = make_up_eyes(enlarge_eyes(lit, head.eyes, amount), head.eyes, amount)
        rims = head.track.rims(lambda worn: self._rims(head, worn), seconds)
        head.framed = rims is not None
        if rims is None:
            return posed
        return show_dark(posed, rims, calm)


def _reduced(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The square picture itself where it has ``size`` pixels a side, else averaged to them."""
    if image.shape[0] == size:
        return image
    return np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def _check(frame: NDArray[np.uint8]) -> None:
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        raise ValueError(f"a frame is uint8 [H, W, 3], not {frame.dtype} {frame.shape}")
    if not frame.flags.c_contiguous:
        raise ValueError("a frame is C-contiguous: make it so with numpy.ascontiguousarray")
    if min(frame.shape[:2]) < MIN_SIDE:
        raise ValueError(
            f"a frame has at least {MIN_SIDE} pixels a side, not {frame.shape[1]}x{frame.shape[0]}"
        )


@contextmanager
def _timed(scene: Scene, stage: str) -> Iterator[None]:
    start = clock.perf_counter()
    yield
    scene.timings[stage] = (clock.perf_counter() - start) * 1000.0
