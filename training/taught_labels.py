"""What a teacher says of photos, label by label, and how it corrects masks that know only face and hair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from animirror.realtime.regions import label_indices

# What is said is the index of a label, or nothing, or that the other mask is not to be believed there.
UNSAID, DOUBTFUL = 255, 254
REST, FACE, HAIR, OPEN = range(4)


def corrected(
    codes: NDArray[np.uint8],
    said: NDArray[np.uint8],
    labels: Sequence[str],
    faces: Sequence[int],
    ignored: int,
) -> NDArray[np.uint8]:
    """Codes (uint8 [H, W]) with what a teacher says (uint8 [H, W]: ``labels``' indices, UNSAID, DOUBTFUL).

    ``faces``: the codes beyond the labels that stand for parts of faces; ``ignored``: that of what is not
    known. Of the rest, its labels are believed, and so are ears; where teacher and mask contradict each other
    it is not known who is right, but for hats, which the masks take for hair or forehead, and clothes, which
    they take for hair. Raises ValueError for a value that is no label.
    """
    greatest = said.max(initial=0, where=said < DOUBTFUL)
    if greatest >= len(labels):
        raise ValueError(f"value {greatest} is none of {len(labels)} labels")
    lowered = [label.lower() for label in labels]
    ears, hat, cloth = (
        lowered.index(name) if name in lowered else UNSAID for name in ("ears", "hat", "cloth")
    )
    region = _regions(labels, faces, ignored)
    before, after = region[codes], region[said]
    known = (said != UNSAID) & (before != OPEN)
    in_rest = (before == REST) & ((after == REST) | (said == ears))
    believed = known & ((said == hat) | ((said == cloth) & (before == HAIR)) | in_rest)
    doubtful = known & ~believed & (before != after)
    return np.where(believed, said, np.where(doubtful, np.uint8(ignored), codes)).astype(np.uint8)


def _regions(labels: Sequence[str], faces: Sequence[int], ignored: int) -> NDArray[np.uint8]:
    table = np.full(256, REST, np.uint8)
    table[[*label_indices(["face"], labels), *faces]] = FACE
    table[list(label_indices(["hair"], labels))] = HAIR
    table[[ignored, DOUBTFUL]] = OPEN
    return table
