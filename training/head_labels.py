"""Where every label of one head lies in a view: from masks made by hand, or as the segmenter sees it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.regions import CELEBAMASK_LABELS, Crop
from animirror.realtime.segment import Segmenter
from animirror.training.data import Picture
from animirror.training.parsing_data import read_codes, read_mask
from animirror.training.pen.paint import Map, blurred
from animirror.training.pen.parts import FACE
from animirror.training.seen_parts import SEEN, UNKNOWN

# The coding whose masks know lips and eyes, drawn by people.
HAND_CODING = "celebamask19"
# Masks are sharp; blurred by this, units (1/256 of the view), they become probabilities. Masks of three
# values were made small, and are smoothed more.
HAND_BLUR, OUTER_BLUR = 0.8, 1.6
# Smallest eyes and mouth that count as seen, shares of the view: without them a drawing has none.
MIN_EYES, MIN_MOUTH = 0.0008, 0.0005
# A second eye below this share of the first was not seen well.
LESSER_EYE = 0.3
# Past a picture's border goes on what the filter shows a generator there; hair cut off would get an outline.
BORDER = cv2.BORDER_REPLICATE
# A pixel counts as a label's from here on.
LIKELY = 0.5
# Values of masks that know only the rest, the face and the hair.
FACE_VALUE, HAIR_VALUE = 1, 2


def hand_labels(mask: Path, picture: Picture, size: int) -> dict[str, Map]:
    """CelebAMask-HQ's labels, merged, in the size x size view of a picture's crop: float32 in 0..1 by name.

    Raises UserError naming a mask that is unreadable or holds other values.
    """
    height, width = picture.image.shape[:2]
    codes = _view(read_codes(mask, HAND_CODING, CELEBAMASK_LABELS, (height, width)), picture.crop, size)
    return {
        name: blurred((codes == code).astype(np.float32), HAND_BLUR * size / 256)
        for code, name in enumerate(CELEBAMASK_LABELS)
    }


def seen_labels(
    segmenter: Segmenter,
    picture: Picture,
    mask: Path | None,
    head: Crop,
    size: int,
    parts: Path | None = None,
) -> dict[str, Map] | None:
    """What the segmenter sees in the crop ``head``, in the size x size view of the picture's own crop.

    ``mask``: a mask of rest, face and hair that is truer than the segmenter about their borders;
    ``parts``: a mask of seen_parts.SEEN that is truer about eyes, brows and lips. None where eyes or mouth
    are not seen.
    """
    answer = segmenter(head.extract(picture.image, segmenter.size, BORDER)[None])[0]
    to_map = np.vstack([head.to_crop(answer.shape[-1]), [0, 0, 1]])
    matrix = picture.crop.to_crop(size) @ np.linalg.inv(to_map)
    maps = {
        name: np.clip(_warped(values, matrix, size), 0.0, 1.0)
        for name, values in zip(segmenter.labels, answer, strict=True)
    }
    height, width = picture.image.shape[:2]
    if parts is not None:
        maps = _corrected(maps, _view(read_mask(parts, (height, width)), picture.crop, size))
    if mask is not None:
        values = _view(read_mask(mask, (height, width)), picture.crop, size)
        maps = _within(maps, values, OUTER_BLUR * size / 256)
    return maps if _complete(maps, size) else None


def _corrected(maps: dict[str, Map], parts: NDArray[np.uint8]) -> dict[str, Map]:
    """Labels as ``parts`` (values of SEEN) knows them, where it does; what is plain stays as it was seen."""
    sigma = HAND_BLUR * parts.shape[0] / 256
    known = blurred((parts != UNKNOWN).astype(np.float32), sigma)
    told = {
        name: blurred((parts == value).astype(np.float32), sigma)
        for value, name in enumerate(SEEN)
        if name in maps
    }
    features = sum(told.values(), np.zeros_like(known))
    # Of what was seen in a plain place, lips and eyes are skin after all.
    wrong = known * sum((maps[name] for name in told), np.zeros_like(known))
    corrected = {
        name: (maps[name] * (1.0 - known) + value).astype(np.float32) for name, value in told.items()
    }
    rest = {name: value * (1.0 - features) for name, value in maps.items() if name not in told}
    rest["skin"] = np.clip(rest["skin"] + wrong * (known - features), 0.0, 1.0).astype(np.float32)
    return maps | rest | corrected


def _within(maps: dict[str, Map], values: NDArray[np.uint8], sigma: float) -> dict[str, Map]:
    """Labels within the borders of a mask of rest, face and hair; what it calls face is all face."""
    face, hair = (blurred((values == v).astype(np.float32), sigma) for v in (FACE_VALUE, HAIR_VALUE))
    rest = np.clip(1.0 - face - hair, 0.0, 1.0)
    features = {name: maps[name] * face for name in FACE if name != "skin"}
    skin = np.clip(face - sum(features.values(), np.zeros_like(face)), 0.0, 1.0)
    others = {name: maps[name] * rest for name in ("ears", "neck")}
    return maps | features | others | {"skin": skin.astype(np.float32), "hair": hair}


def _complete(maps: dict[str, Map], size: int) -> bool:
    """Whether mouth and both eyes are seen: a drawing without one of them teaches to leave it out."""
    likely = (maps["eyes"] > LIKELY).astype(np.uint8)
    _, _, facts, _ = cv2.connectedComponentsWithStats(likely)
    eyes = sorted(facts[1:, cv2.CC_STAT_AREA].tolist(), reverse=True)
    mouth = sum(int(np.count_nonzero(maps[name] > LIKELY)) for name in ("mouth", "upper_lip", "lower_lip"))
    return (
        len(eyes) >= 2
        and sum(eyes) >= MIN_EYES * size**2
        and eyes[1] >= LESSER_EYE * eyes[0]
        and mouth >= MIN_MOUTH * size**2
    )


def _view(values: NDArray[np.uint8], crop: Crop, size: int) -> NDArray[np.uint8]:
    return np.asarray(
        cv2.warpAffine(values, crop.to_crop(size), (size, size), flags=cv2.INTER_NEAREST, borderMode=BORDER),
        np.uint8,
    )


def _warped(values: NDArray[np.float32], matrix: NDArray[np.float64], size: int) -> Map:
    return np.asarray(
        cv2.warpAffine(values, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT),
        np.float32,
    )
