"""Photos as the filter shows them to the generator: under studio light, with eyes as large as the style's.

What the segmenter sees in each photo is measured once and kept beside the runs: measuring takes minutes.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.eyes import EYES_LABEL, Eye, find_eyes
from animirror.realtime.light import Light, measure_light
from animirror.realtime.match import color_groups
from animirror.realtime.proportions import Value, enlarge_eyes
from animirror.realtime.regions import Crop, region_probability
from animirror.realtime.segment import Segmenter, load_segmenter
from animirror.realtime.zoo import Zoo
from animirror.training.data import Picture
from animirror.training.options import CycleganOptions

# As many crops as onnxruntime works through at full speed on a CPU.
BATCH = 8
# Photos between two writes of the cache: what a Ctrl-C may cost.
KEEP_EVERY = 500

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """What the filter does to one head: its light (None: left as it is), its eyes in shares of its crop."""

    crop: Crop
    light: Light | None
    eyes: tuple[Eye, ...]
    amount: float

    def __call__(self, view: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.uint8]:
        """A view (uint8 [S, S, 3] BGR) of the photo; ``matrix`` (2x3): the photo's pixels to the view's."""
        if self.light is not None:
            view = self.light.into_studio(view)
        return self.enlarged(view, matrix)

    def enlarged(self, view: NDArray[Value], matrix: NDArray[np.float64]) -> NDArray[Value]:
        """A view, or a map of one label over it (float32 [S, S]), with its eyes enlarged and nothing else."""
        return enlarge_eyes(view, [self._seen(eye, matrix, view.shape[0]) for eye in self.eyes], self.amount)

    def _seen(self, eye: Eye, matrix: NDArray[np.float64], size: int) -> Eye:
        box, side = self.crop.box, self.crop.side
        x, y = matrix @ (box.left + eye.x * side - 0.5, box.top + eye.y * side - 0.5, 1.0)
        scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
        return Eye((x + 0.5) / size, (y + 0.5) / size, eye.radius * side * scale / size, eye.presence)


def as_filtered(photos: Sequence[Picture], options: CycleganOptions) -> list[Picture]:
    """The photos with the look that the options ask for; unchanged where they ask for none."""
    if options.eyes <= 1.0 and not options.studio_light:
        return list(photos)
    zoo = Zoo()
    cache = Path(options.runs) / f"looks-{zoo.default('segmentation').sha256[:12]}.json"
    known = _read(cache)
    missing = [photo for photo in photos if _key(photo) not in known]
    if missing:
        log.info("measuring light and eyes of %d photos, once; kept in %s", len(missing), cache)
        segmenter = load_segmenter(zoo)
        for start in range(0, len(missing), KEEP_EVERY):
            known |= measure(missing[start : start + KEEP_EVERY], segmenter)
            _write(cache, known)
    return [replace(photo, look=_look(photo, known[_key(photo)], options)) for photo in photos]


@dataclass(frozen=True)
class Measured:
    """What the segmenter sees of a photo's head; eyes in shares of the crop."""

    light: Light
    eyes: tuple[Eye, ...]


def measure(photos: Sequence[Picture], segmenter: Segmenter) -> dict[str, Measured]:
    """Light and eyes in each photo's crop, by file and crop."""
    groups, eyes_label = color_groups(segmenter.labels), segmenter.labels.index(EYES_LABEL)
    found: dict[str, Measured] = {}
    for start in range(0, len(photos), BATCH):
        part = photos[start : start + BATCH]
        crops = [photo.crop.extract(photo.image, segmenter.size) for photo in part]
        for photo, crop, answer in zip(part, crops, segmenter(np.stack(crops)), strict=True):
            maps = [region_probability(answer, group.pure) for group in groups]
            light = measure_light(crop, maps[0], np.maximum.reduce(maps))
            found[_key(photo)] = Measured(light, find_eyes(answer[eyes_label]))
    return found


def _key(photo: Picture) -> str:
    crop = photo.crop
    return f"{photo.path.resolve()} {crop.center_x:.1f} {crop.center_y:.1f} {crop.side:.1f}"


def _look(photo: Picture, found: Measured, options: CycleganOptions) -> Look:
    return Look(photo.crop, found.light if options.studio_light else None, found.eyes, options.eyes)


def _read(cache: Path) -> dict[str, Measured]:
    if not cache.is_file():
        return {}
    return {
        key: Measured(Light(**item["light"]), tuple(Eye(**eye) for eye in item["eyes"]))
        for key, item in json.loads(cache.read_text(encoding="utf-8")).items()
    }


def _write(cache: Path, known: dict[str, Measured]) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    partial = cache.with_suffix(".tmp")
    partial.write_text(json.dumps({key: asdict(item) for key, item in known.items()}), encoding="utf-8")
    partial.replace(cache)
