"""How a style holds in videos: where somebody is found, how steady the drawing is, a sheet of moments.

animirror evaluate videos ../shared/data/videos --sheet sheet.jpg
"""

from __future__ import annotations

import itertools
import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from animirror.realtime.errors import UserError
from animirror.realtime.filter import FaceFilter
from animirror.realtime.regions import Crop, mask_box, whole_frame
from animirror.realtime.scene import Filtered
from animirror.realtime.segment import load_segmenter
from animirror.realtime.selection import select
from animirror.realtime.sources import VideoSource
from animirror.realtime.stylize import load_stylizer
from animirror.realtime.view import draw_text
from animirror.realtime.zoo import Zoo
from animirror.training.evaluate_generator import FEWEST, draw_video
from animirror.training.sheets import COLUMNS, Pair, make_room, write_sheet
from animirror.training.steadiness import Frame, measure_steadiness

# Side of a sheet's square about all heads of a frame, as a share of their box: hair and ground stay in sight.
MARGIN = 1.3
# Side of the squares before the sheet makes them small, px.
CELL = 320


@dataclass(frozen=True)
class VideoScore:
    """``found``: share of the frames in which somebody was drawn, 0 to 1.

    ``eyes``: how many are seen of a drawn head on the average, 0 to 2; ``unsteadiness``: change besides
    motion in the drawn video over that in the real one; both None: nobody.
    """

    video: str
    frames: int
    found: float
    eyes: float | None
    unsteadiness: float | None


@dataclass
class _Watch:
    """Counts the frames with somebody, and keeps pairs of some moments, as the frames go by."""

    moments: frozenset[int]
    seen: int = 0
    with_somebody: int = 0
    heads: int = 0
    eyes: int = 0
    pairs: list[Pair] = field(default_factory=list)

    def count(self, filtered: Filtered) -> None:
        self.heads += len(filtered.eyes)
        self.eyes += sum(len(eyes) for eyes in filtered.eyes)

    def over(
        self, shots: Iterator[tuple[Frame, Frame, NDArray[np.float32]]]
    ) -> Iterator[tuple[Frame, Frame, NDArray[np.float32]]]:
        for frame, drawn, mask in shots:
            if self.seen in self.moments:
                crop = _around(mask)
                border = cv2.BORDER_CONSTANT
                self.pairs.append((crop.extract(frame, CELL, border), crop.extract(drawn, CELL, border)))
            self.seen += 1
            self.with_somebody += bool(mask.any())
            yield frame, drawn, mask


def _around(mask: NDArray[np.float32]) -> Crop:
    """A square about everything that was drawn; the whole frame where nothing was."""
    box = mask_box(mask > 0)
    if box is None:
        return whole_frame(*mask.shape)
    side = MARGIN * max(box.right - box.left, box.bottom - box.top)
    return Crop((box.left + box.right) / 2, (box.top + box.bottom) / 2, side)


def score_video(
    face_filter: FaceFilter, video: Path, most: int | None = None
) -> tuple[VideoScore, list[Pair]]:
    """All frames (or the first ``most``) through the filter, with COLUMNS moments of them. UserError."""
    with VideoSource(video) as source:
        frames = sum(1 for _ in itertools.islice(source, most))
    # The middles of equal parts.
    moments = frozenset((2 * index + 1) * frames // (2 * COLUMNS) for index in range(COLUMNS))
    watch = _Watch(moments)
    steadiness = measure_steadiness(watch.over(draw_video(face_filter, video, frames, watch.count)))
    draw_text(watch.pairs[0][0], [video.name], top=True)
    score = VideoScore(
        video.name,
        watch.seen,
        round(watch.with_somebody / watch.seen, 4),
        round(watch.eyes / watch.heads, 2) if watch.heads else None,
        round(steadiness.ratio, 3) if steadiness.frames else None,
    )
    return score, watch.pairs


def run(arguments: Namespace) -> int:
    """`animirror evaluate videos VIDEO_OR_FOLDER... [--frames N] [--sheet FILE]`."""
    if arguments.frames is not None and arguments.frames < FEWEST:
        raise UserError(f"--frames must be at least {FEWEST}.")
    files = [item.path for item in select(arguments.videos, recursive=False, include=[])]
    if arguments.sheet:
        make_room(arguments.sheet)
    zoo = Zoo()
    entry = zoo.for_style(arguments.model) if arguments.model else zoo.default("stylization")
    segmenter = load_segmenter(zoo, device=arguments.device)
    face_filter = FaceFilter(segmenter, load_stylizer(zoo, entry.name, arguments.device))
    scores, sheet = [], []
    for file in files:
        score, pairs = score_video(face_filter, file, arguments.frames)
        scores.append(score)
        # A video shorter than a row fills it with its last moment: every row is one video's.
        sheet += [*pairs, *[pairs[-1]] * (COLUMNS - len(pairs))]
    if arguments.sheet:
        write_sheet(sheet, arguments.sheet)
    if arguments.json:
        sys.stdout.write(json.dumps([asdict(score) for score in scores], indent=2) + "\n")
    else:
        Console().print(_table(entry.name, scores))
    return 0


def _table(model: str, scores: list[VideoScore]) -> Table:
    table = Table(f"{model}, video", "frames", "with somebody", "eyes a head", "unsteadiness")
    for score in scores:
        eyes, steady = ("-" if told is None else f"{told:.2f}" for told in (score.eyes, score.unsteadiness))
        table.add_row(score.video, str(score.frames), f"{score.found:.0%}", eyes, steady)
    return table
