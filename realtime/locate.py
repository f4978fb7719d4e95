"""Tracks: who is where from frame to frame, found and followed by the segmenter itself."""

from __future__ import annotations

import itertools
import time as clock
from dataclasses import dataclass, field, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.brows import Brows
from animirror.realtime.calm_eyes import CalmEyes
from animirror.realtime.closer import MIN_CROP_SHARE, CloseLook, box_to_cells, crop_of, first_crop
from animirror.realtime.eyes import Eye
from animirror.realtime.follow import Follower, motion, on_whole_pixels
from animirror.realtime.heads import HeadFinder, HeadView
from animirror.realtime.held import HeldDrawing
from animirror.realtime.light import Light
from animirror.realtime.regions import Box, Crop, box_to_frame
from animirror.realtime.regions import label_indices as indices_of
from animirror.realtime.rims import RimWatch
from animirror.realtime.search import ALL_TILE_LEVELS, TILE_LEVELS, letterboxed, search_areas
from animirror.realtime.smoothing import mix
from animirror.realtime.steady import inside_frame, moved, steadied

MAX_HEADS = 8
# A part of the frame (all of it and one of its tiles in turn) is searched again after this long; at once when
# a head is lost or none is there.
SEARCH_SECONDS = 0.35
# ... but in at most one frame of so many: where frames are slow, searches would make them slower still.
SEARCH_FRAMES = 8
# A find that turned out to be no head is not looked at again for this long; of several new finds one is
# looked at per frame: a closer look costs up to four runs of the segmenter.
REFUSED_SECONDS = 2.0
LOOKS_PER_FRAME, MAX_LOOKS = 1, 24
# ... the same find: a head that the border of a tile cut in two is not taken for its half.
REFUSED_IOU = 0.7
# A track without a head lives on for this long: a hand before the face, a blink of the segmenter.
LOST_SECONDS = 0.3
# A newcomer's mask fades in, a lost one's out, over this time: a wrong find of one frame stays invisible.
FADE_SECONDS = 0.15
# Two tracks whose heads overlap more are one person.
SAME_HEAD_IOU = 0.45
# A known head may hide them for a while (a hand, a turn); what shows less over this time is no head.
MIN_LASTING_DETAIL, DETAIL_SECONDS = 0.15, 1.0
# A face's share of its crop is averaged over this time: a hand before it makes it no smaller.
FACE_SECONDS = 0.5


class SegmenterLike(Protocol):
    """What Locator needs of a segmenter (see segment.Segmenter)."""

    labels: tuple[str, ...]
    size: int

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]: ...


@dataclass
class Track:
    """One head: where it is now, what the segmenter says of it, and its state from frame to frame."""

    identity: int
    crop: Crop
    head: Box
    # uint8 [S, S, 3] BGR, the crop of this frame; float32 [L, s, s] over it, smoothed over time.
    image: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    # float32 [s, s]: 1 where a pixel may be this person's.
    own: NDArray[np.float32]
    visibility: float = 1.0
    lost_seconds: float = 0.0
    age_seconds: float = 0.0
    follower: Follower = field(default_factory=Follower)
    next_crop: Crop | None = None
    # Running mean of HeadView.detail; None where the model does not know details.
    detail: float | None = None
    # Running mean of the face's share of the crop's side; None where no face was seen yet.
    face: float | None = None
    # Colour shift of the last frame, kept by blend: float32 [regions, 3] or None.
    color_shift: NDArray[np.float32] | None = None
    # Light, eyes, brows, glasses and size of the last frame's drawing, kept by filter.
    light: Light | None = None
    eyes: tuple[Eye, ...] | None = None
    calm_eyes: CalmEyes = field(default_factory=CalmEyes)
    brows: Brows | None = None
    rims: RimWatch = field(default_factory=RimWatch)
    held: HeldDrawing = field(default_factory=HeldDrawing)
    drawn_size: int | None = None


class Locator:
    """Frames in, tracks out. State lives in the tracks; :meth:`reset` forgets them.

    ``thorough``: the first frame is searched for small heads everywhere, which takes many runs of the
    segmenter; False: place by place in the frames that follow, so that a live picture does not stand still.
    ``every``: known heads are segmented in every so many frames only; between, crop and mask move along.
    """

    def __init__(self, segmenter: SegmenterLike) -> None:
        self._segmenter = segmenter
        self.thorough, self.every = True, 1
        # Time that the segmenter took for the last frame.
        self.network_seconds = 0.0
        self._finder = HeadFinder(segmenter.labels)
        self._head_labels = indices_of(["face", "hair"], segmenter.labels)
        self._close_look = CloseLook(self._finder, segmenter.labels, self._ask)
        self.reset()

    def use(self, segmenter: SegmenterLike) -> None:
        """Ask another segmenter of the same labels from now on; its input may be smaller. Tracks stay."""
        if segmenter.labels != self._segmenter.labels:
            raise ValueError("the segmenter knows other labels")
        self._segmenter = segmenter

    def reset(self) -> None:
        """Forget everybody: a new file, a cut."""
        self.tracks: list[Track] = []
        self._identities = itertools.count(1)
        self._searched = -np.inf
        self._unsearched = self._moved_along = 0
        self._refused: list[tuple[float, Box]] = []
        self._turn = 0
        self._first, self._missing = True, False
        self._time: float | None = None

    def __call__(self, frame: NDArray[np.uint8], time: float | None) -> list[Track]:
        """The visible heads of a frame (uint8 [H, W, 3] BGR) at ``time`` seconds; None: a still picture."""
        self.network_seconds = 0.0
        if time is None:
            self.reset()
            areas = search_areas(frame, self._segmenter.size, ALL_TILE_LEVELS)
            self._search(frame, areas, MAX_LOOKS)
            return list(self.tracks)
        seconds = 0.0 if self._time is None else time - self._time
        if seconds < 0:  # the source was rewound or looped
            self.reset()
            return self(frame, time)
        if self._may_move_along():
            self._moved_along += 1
            for track in self.tracks:
                self._move_along(track, frame)
            return [track for track in self.tracks if track.visibility > 0]
        self._time, self._moved_along = time, 0
        self._follow(frame, seconds)
        missing = not self.tracks or any(track.lost_seconds > 0 for track in self.tracks)
        if missing and not self._missing:
            self._turn -= self._turn % 2  # the search for a lost head starts with the whole frame
        self._missing = missing
        self._unsearched += 1
        due = time - self._searched >= SEARCH_SECONDS and self._unsearched >= SEARCH_FRAMES
        if self._first or missing or due:
            self._refused = [(when, box) for when, box in self._refused if time - when < REFUSED_SECONDS]
            looks = MAX_HEADS if self._first and self.thorough else LOOKS_PER_FRAME
            self._search(frame, self._areas(frame), looks)
            self._searched, self._unsearched = time, 0
        self._first = False
        return [track for track in self.tracks if track.visibility > 0]

    def _may_move_along(self) -> bool:
        """Whether all heads are known so well that this frame need not be segmented."""
        settled = all(track.visibility == 1 and track.lost_seconds == 0 for track in self.tracks)
        return bool(self.tracks) and settled and self._moved_along < self.every - 1

    def _move_along(self, track: Track, frame: NDArray[np.uint8]) -> None:
        """Take a track's crop, and with it its mask, to where its head has moved."""
        right, down = motion(track.image, track.crop.extract(frame, self._segmenter.size))
        x, y = right * track.crop.side, down * track.crop.side
        crop = on_whole_pixels(
            replace(track.crop, center_x=track.crop.center_x + x, center_y=track.crop.center_y + y)
        )
        x, y = crop.center_x - track.crop.center_x, crop.center_y - track.crop.center_y
        if track.next_crop is not None:
            following = track.next_crop
            track.next_crop = replace(
                following, center_x=following.center_x + x, center_y=following.center_y + y
            )
        head = track.head
        track.head = Box(head.left + x, head.top + y, head.right + x, head.bottom + y)
        track.crop, track.image = crop, crop.extract(frame, self._segmenter.size)

    def _areas(self, frame: NDArray[np.uint8]) -> list[Crop]:
        """What to search now: everything at a thorough start, else the whole frame and its tiles in turn."""
        areas = search_areas(frame, self._segmenter.size, TILE_LEVELS if self.tracks else ALL_TILE_LEVELS)
        if (self._first and self.thorough) or len(areas) == 1:
            return areas
        self._turn += 1
        return areas[:1] if self._turn % 2 else [areas[1 + self._turn // 2 % (len(areas) - 1)]]

    def _follow(self, frame: NDArray[np.uint8], seconds: float) -> None:
        if not self.tracks:
            return
        crops = [track.next_crop or track.crop for track in self.tracks]
        images, answers = self._segment(frame, crops)
        for track, crop, image, answer in zip(self.tracks, crops, images, answers, strict=True):
            inside = inside_frame(crop, frame, answer.shape[-1])
            self._update(track, crop, image, answer, inside, seconds)
        self.tracks = _without_doubles([t for t in self.tracks if t.lost_seconds <= LOST_SECONDS])

    def _segment(
        self, frame: NDArray[np.uint8], crops: list[Crop]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        images = np.stack([crop.extract(frame, self._segmenter.size) for crop in crops])
        return images, self._ask(images)

    def _ask(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        start = clock.perf_counter()
        answers = self._segmenter(images)
        self.network_seconds += clock.perf_counter() - start
        return answers

    def _update(
        self,
        track: Track,
        crop: Crop,
        image: NDArray[np.uint8],
        answer: NDArray[np.float32],
        inside: NDArray[np.float32],
        seconds: float,
    ) -> None:
        cells = answer.shape[-1]
        view = self._finder.one(answer, box_to_cells(track.head, crop, cells), inside)
        previous = moved(track.probabilities, track.crop, crop, cells)
        if len(track.own) != cells:  # another segmenter than before
            track.own = np.asarray(cv2.resize(track.own, (cells, cells), interpolation=cv2.INTER_NEAREST))
        track.probabilities = steadied(answer, previous, self._head_labels, seconds)
        track.crop, track.image = crop, image
        track.age_seconds += seconds
        step = seconds / FADE_SECONDS
        if view is None or view.share < MIN_CROP_SHARE or not _lasting(track, view, seconds):
            track.lost_seconds += max(seconds, 1e-3)
            track.visibility = max(0.0, track.visibility - step)
            track.next_crop = crop
            return
        track.lost_seconds = 0.0
        track.visibility = min(1.0, track.visibility + step)
        track.own = view.own
        track.head = box_to_frame(view.head, crop, cells)
        track.face = _face_share(view, cells, track.face, seconds)
        track.next_crop = _next_crop(track, view, crop, cells, seconds)

    def _search(self, frame: NDArray[np.uint8], areas: list[Crop], looks: int) -> None:
        """Search these squares; look closely at so many new finds, the largest first."""
        for area in areas:
            answer = self._ask(letterboxed(frame, area, self._segmenter.size)[None])[0]
            for view in sorted(self._finder.all(answer), key=lambda view: -view.share):
                head = box_to_frame(view.head, area, answer.shape[-1])
                if looks <= 0 or len(self.tracks) >= MAX_HEADS or self._known(head):
                    continue
                looks -= 1
                if not self._start(frame, first_crop(view, area, answer.shape[-1]), head):
                    self._refused.append((self._time or 0.0, head))

    def _known(self, head: Box) -> bool:
        """Whether there is a track, or was lately no head."""
        if any(head.iou(refused) > REFUSED_IOU for _, refused in self._refused):
            return True
        x, y = head.center
        return any(
            track.head.iou(head) > SAME_HEAD_IOU
            or (track.head.left < x < track.head.right and track.head.top < y < track.head.bottom)
            for track in self.tracks
        )

    def _start(self, frame: NDArray[np.uint8], crop: Crop, head: Box) -> bool:
        """Look at a find closely; it becomes a track if its own crop shows a head as well.

        False where it is no head; True where it is, a known one too.
        """
        look = self._close_look.find(frame, self._segmenter.size, crop, head)
        if look is None:
            return False
        if self._known(look.head):
            return True
        if not self._close_look.confirm(frame, look):
            return False
        track = Track(
            next(self._identities),
            look.crop,
            look.head,
            look.image,
            look.probabilities,
            look.view.own,
            visibility=float(self._first),
            detail=look.view.detail,
        )
        cells = look.probabilities.shape[-1]
        track.face = _face_share(look.view, cells)
        track.next_crop = _next_crop(track, look.view, look.crop, cells, 0.0)
        self.tracks.append(track)
        return True


def _next_crop(track: Track, view: HeadView, crop: Crop, cells: int, seconds: float) -> Crop:
    on_face = not view.from_behind
    anchor = view.face if on_face and view.face is not None else view.head
    return track.follower(crop_of(view, crop, cells), box_to_frame(anchor, crop, cells), on_face, seconds)


def _face_share(
    view: HeadView, cells: int, previous: float | None = None, seconds: float = 0.0
) -> float | None:
    """The face's share of the side of a map with so many cells, averaged over time; as before if not seen."""
    if view.face is None or view.from_behind:
        return previous
    share = view.face.mean_side / cells
    return share if previous is None else previous + mix(seconds, FACE_SECONDS) * (share - previous)


def _lasting(track: Track, view: HeadView, seconds: float) -> bool:
    """Whether this track still is a face, by the details that it showed lately."""
    if view.detail is not None and track.detail is not None and not view.from_behind:
        track.detail += mix(seconds, DETAIL_SECONDS) * (view.detail - track.detail)
    return track.detail is None or track.detail >= MIN_LASTING_DETAIL


def _without_doubles(tracks: list[Track]) -> list[Track]:
    """Of tracks on the same head, the oldest that sees it."""
    kept: list[Track] = []
    for track in sorted(tracks, key=lambda t: (t.lost_seconds, t.identity)):
        if all(track.head.iou(other.head) <= SAME_HEAD_IOU for other in kept):
            kept.append(track)
    return sorted(kept, key=lambda t: t.identity)
