"""Training pictures for the segmenter, people as webcams and the filter show them: scenes, scales, decoys."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from animirror.realtime.regions import Crop, whole_frame
from animirror.training.confusion import IGNORED
from animirror.training.fur_collars import cut_fur, lay_collar
from animirror.training.parsing_data import IGNORED_BYTE, HeadMeter, Sample, group_code, normalise
from animirror.training.pasted_hands import cut_out_hands, lay_hand
from animirror.training.spoil import log_uniform, spoil


class WebcamDataset(Dataset[dict[str, torch.Tensor]]):
    """Training samples as a webcam and the filter would deliver them; item i is random but seeded by i.

    Half of them are head crops (what the segmenter sees while it tracks), half whole pictures (what it
    sees while it searches), at scales from 0.15 to 1.4, turned, shifted, before other pictures.
    ``spoiled``: share of them that :func:`spoil` changes; ``plain``: share of heads and whole pictures with
    nothing laid over, behind or beside them; ``collars``: share of them with fur around the neck, where the
    hair is short.
    """

    # Share of head crops among samples, against whole pictures.
    HEAD_CROPS = 0.42
    # Share of squares cut from anywhere in a picture: sleeves, hands and walls that are no heads.
    PARTS = 0.16
    # Share of head crops among the samples that are shown as they are: conversions look at heads, mostly.
    PLAIN_HEADS = 0.5
    # Share of samples without anybody: drawn shapes, text, noise.
    NOBODY = 0.05
    # Share of samples that stand on another picture (with its own labels) rather than on replicated borders.
    ON_OTHER = 0.3
    # Share of full-label people cut out and put before another picture.
    CUT_OUT = 0.35
    # Share of samples partly covered (hands, microphones, cups).
    COVERED = 0.15
    # Share of samples with a hand before a face, where the sets have hands.
    HANDS = 0.1
    # Pictures with a hand before the face are rare, one of seventy: they are drawn so many times as often.
    HANDED = 4.0
    # Hats likewise: one portrait of twenty has one, and masks of fewer labels take them for hair or forehead.
    HATTED = 4.0
    # Share of samples with things in the colours and textures of skin and hair that are no heads (the demo's
    # brown rocket tank was taken for hair), and how many at most.
    DECOYS, MAX_DECOYS = 0.3, 4
    # Side of the window that a decoy's texture is cut from, as shares of a head's crop: at most one eye.
    DECOY_WINDOW = (0.08, 0.25)

    def __init__(
        self,
        sets: Sequence[tuple[Sequence[Sample], float]],
        labels: Sequence[str],
        size: int,
        length: int,
        seed: int,
        spoiled: float = 1.0,
        plain: float = 0.0,
        collars: float = 0.0,
    ) -> None:
        self._samples = [sample for samples, _ in sets for sample in samples]
        self._hands = cut_out_hands(self._samples)
        weights = np.array(
            [
                weight * max(self.HANDED if sample.handed else 1.0, self.HATTED if sample.hatted else 1.0)
                for samples, weight in sets
                for sample in samples
            ]
        )
        self._cumulative = np.cumsum(weights / weights.sum())
        self._meter = HeadMeter(labels)
        self._rest = group_code("rest", len(labels))
        self._labels = len(labels)
        self._size, self._length, self._seed = size, length, seed
        self._cloth = next((i for i, label in enumerate(labels) if label.lower() == "cloth"), self._rest)
        self._spoiled, self._plain, self._collars = spoiled, plain, collars
        self._furs = cut_fur(self._samples, labels) if collars else []

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        image, codes = self.draw(np.random.default_rng((self._seed, index)))
        labels = torch.from_numpy(codes.astype(np.int64))
        labels[labels == IGNORED_BYTE] = IGNORED
        return {"pixel_values": normalise(image), "labels": labels}

    def draw(self, random: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """One augmented picture (uint8 [S, S, 3] BGR) and its codes (uint8 [S, S])."""
        image, codes = self._scene(random)
        return (spoil(image, random) if random.random() < self._spoiled else image), codes

    def _scene(self, random: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Who and what is in the picture, as clear as the samples are."""
        if random.random() < self.NOBODY:
            image = draw_nobody(self._size, random)
            codes = np.full((self._size, self._size), self._rest, np.uint8)
            for _ in range(int(random.integers(0, self.MAX_DECOYS + 1))):
                self._add_decoy(image, codes, random)
            return image, codes
        image, codes = self._people(random)
        if self._furs and random.random() < self._collars:
            self._lay_collar(image, codes, random)
        return image, codes

    def _people(self, random: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        if self._plain and random.random() < self._plain:
            return self._warped(self._pick(random), random, self.PLAIN_HEADS, parts=0.0)[:2]
        image, codes = self._place(self._pick(random), random, head_probability=self.HEAD_CROPS)
        if random.random() < self.DECOYS:
            for _ in range(int(random.integers(1, self.MAX_DECOYS + 1))):
                self._add_decoy(image, codes, random)
        if random.random() < self.COVERED:
            self._cover(image, codes, random)
        if self._hands and random.random() < self.HANDS:
            self._lay_hand(image, codes, random)
        return image, codes

    def _pick(self, random: np.random.Generator) -> Sample:
        place = np.searchsorted(self._cumulative, random.random(), side="right")
        return self._samples[min(int(place), len(self._samples) - 1)]

    def _place(
        self, sample: Sample, random: np.random.Generator, head_probability: float
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Warp a sample into the training square; what it does not cover comes from another one."""
        image, codes, inside = self._warped(sample, random, head_probability, self.PARTS)
        if head_probability > 0 and random.random() < self.ON_OTHER:
            keep = inside & (codes != 0) if self._can_cut_out(sample, random) else inside
            other_image, other_codes = self._place(self._pick(random), random, head_probability=0.0)
            image = np.where(keep[..., None], image, other_image)
            codes = np.where(keep, codes, other_codes)
        return image, codes

    def _warped(
        self, sample: Sample, random: np.random.Generator, head_probability: float, parts: float
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]]:
        """A sample warped into the training square, and where it covers it."""
        matrix = self._placement(sample, random, head_probability, parts)
        scale, size = float(np.hypot(matrix[0, 0], matrix[0, 1])), (self._size, self._size)
        # Replicated borders are what live crops at the frame's edge show; for small heads they would be
        # long streaks of hair, so those stand on plain ground, as the letterboxed search shows them.
        streaks = scale * max(sample.codes.shape) > 0.6 * self._size and random.random() < 0.5
        # Mirrored surroundings give small heads a scene around them, and company, rightly labelled.
        ground = cv2.BORDER_REFLECT_101 if random.random() < 0.6 else cv2.BORDER_CONSTANT
        border = cv2.BORDER_REPLICATE if streaks else ground
        plain = tuple(random.uniform(0, 255, 3)) if random.random() < 0.5 else (0.0, 0.0, 0.0)
        image = cv2.warpAffine(
            _prefilter(sample.image, scale),
            matrix,
            size,
            flags=cv2.INTER_LINEAR,
            borderMode=border,
            borderValue=plain,
        )
        codes = cv2.warpAffine(
            sample.codes, matrix, size, flags=cv2.INTER_NEAREST, borderMode=border, borderValue=self._rest
        )
        inside = cv2.warpAffine(np.ones_like(sample.codes), matrix, size, flags=cv2.INTER_NEAREST) > 0
        if streaks:
            # What a streak shows is nobody's business: as hair, it would teach that stripes are hair.
            codes = np.where(inside, codes, np.uint8(IGNORED_BYTE))
        return np.asarray(image, np.uint8), np.asarray(codes, np.uint8), np.asarray(inside)

    def _can_cut_out(self, sample: Sample, random: np.random.Generator) -> bool:
        return bool(sample.codes.max() < self._labels) and random.random() < self.CUT_OUT

    def _placement(
        self, sample: Sample, random: np.random.Generator, head_probability: float, parts: float
    ) -> NDArray[np.float64]:
        height, width = sample.codes.shape
        crop, scale, shift = whole_frame(height, width), random.uniform(0.6, 1.2), 0.25
        kind, head = random.random(), self._meter.crop(sample.codes)
        if kind < head_probability and head is not None:
            crop, scale, shift = head, log_uniform(random, 0.6, 1.35), 0.12
        elif kind > 1 - parts:
            scale, shift = log_uniform(random, 1.5, 4.0), 0.0
            center = random.uniform(0, 1, 2) * (width, height)
            crop = Crop(float(center[0]), float(center[1]), crop.side)
        elif random.random() < 0.6:
            scale = log_uniform(random, 0.15, 1.0)
        # Most heads are upright; some lie on a shoulder or a sofa.
        angle = random.normal(0, 12) if random.random() < 0.9 else random.uniform(-60, 60)
        return _similarity(
            crop, self._size, scale, angle, random.uniform(-shift, shift, 2), random.random() < 0.5
        )

    def _cover(self, image: NDArray[np.uint8], codes: NDArray[np.uint8], random: np.random.Generator) -> None:
        """Paint a turned ellipse or bar of plain colour with some noise over the picture: rest, not face."""
        mask = np.zeros(codes.shape, np.uint8)
        size = self._size
        center = tuple(int(v) for v in random.uniform(0.1, 0.9, 2) * size)
        axes = tuple(int(v) for v in random.uniform(0.03, 0.16, 2) * size)
        cv2.ellipse(mask, center, axes, float(random.uniform(0, 180)), 0, 360, 255, -1)
        other = self._pick(random).image
        texture = cv2.resize(other[: other.shape[0] // 4 + 1], (size, size), interpolation=cv2.INTER_LINEAR)
        plain = random.uniform(0, 255, 3)
        mix = random.uniform(0.2, 1.0)
        covered = (texture * (1 - mix) + plain * mix).astype(np.uint8)
        image[mask > 0] = covered[mask > 0]
        codes[mask > 0] = self._rest

    def _lay_hand(
        self, image: NDArray[np.uint8], codes: NDArray[np.uint8], random: np.random.Generator
    ) -> None:
        """Lay somebody's hand before the largest face: rest, not face."""
        skin = self._meter.largest_face(codes)
        if skin is None:
            return
        hand = self._hands[int(random.integers(len(self._hands)))]
        codes[lay_hand(image, skin, hand, self._piece(random), random)] = self._rest

    def _lay_collar(
        self, image: NDArray[np.uint8], codes: NDArray[np.uint8], random: np.random.Generator
    ) -> None:
        """Lay a fur collar around the neck below the largest face: cloth, not hair."""
        face = self._meter.largest_face(codes)
        if face is None:
            return
        hair = self._meter.is_head(codes) & ~self._meter.is_face(codes)
        fur = self._furs[int(random.integers(len(self._furs)))]
        codes[lay_collar(image, face, hair, fur, random)] = self._cloth

    def _add_decoy(
        self, image: NDArray[np.uint8], codes: NDArray[np.uint8], random: np.random.Generator
    ) -> None:
        """Paint a shape with a piece of somebody's skin or hair (or of anything) beside the heads: rest."""
        size = self._size
        shape = np.zeros(codes.shape, np.uint8)
        center = tuple(float(v) for v in random.uniform(0, 1, 2) * size)
        sides = tuple(log_uniform(random, 0.08, 0.7) * size for _ in range(2))
        turned = (center, sides, float(random.uniform(0, 180)))
        if random.random() < 0.5:
            cv2.ellipse(shape, turned, 255, -1)
        else:
            cv2.fillPoly(shape, [np.rint(cv2.boxPoints(turned)).astype(np.int32)], 255)
        there = (shape > 0) & ~self._meter.is_head(codes)
        if not there.any():
            return
        rows, columns = np.nonzero(there)
        box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        there = there[box]
        texture = cv2.resize(self._piece(random), there.shape[::-1], interpolation=cv2.INTER_LINEAR)
        image[box][there] = texture[there]
        codes[box][there] = self._rest

    def _piece(self, random: np.random.Generator) -> NDArray[np.uint8]:
        """A small window of some picture, three times out of four about a head."""
        sample = self._pick(random)
        crop = self._meter.crop(sample.codes) if random.random() < 0.75 else None
        crop = crop or whole_frame(*sample.codes.shape)
        place = random.uniform(-0.4, 0.4, 2) * crop.side
        side = random.uniform(*self.DECOY_WINDOW) * crop.side
        return Crop(crop.center_x + float(place[0]), crop.center_y + float(place[1]), side).extract(
            sample.image, 64, cv2.BORDER_REFLECT_101
        )


def _prefilter(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Blur before a strong reduction, so that small heads look as area averaging will show them live."""
    if scale >= 0.6:
        return image
    # Half a source period per target pixel: the usual anti-aliasing width.
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 / scale), np.uint8)


def _similarity(
    crop: Crop, size: int, scale: float, angle: float, shift: NDArray[np.float64], mirror: bool
) -> NDArray[np.float64]:
    """2x3 matrix: the crop fitted to the square, scaled, turned (degrees), shifted (shares of the side)."""
    fit = np.vstack([crop.to_crop(size), [0, 0, 1]])
    middle = (size - 1) / 2
    turn = np.vstack([cv2.getRotationMatrix2D((middle, middle), angle, scale), [0, 0, 1]])
    turn[:2, 2] += shift * size
    flip = np.array([[-1.0, 0, size - 1], [0, 1, 0], [0, 0, 1]]) if mirror else np.eye(3)
    return np.asarray((flip @ turn @ fit)[:2])


def draw_nobody(size: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """A picture without people: a gradient with shapes and text, as titles and slides have them."""
    corners = random.uniform(0, 255, (2, 2, 3)).astype(np.float32)
    blended = cv2.resize(corners, (size, size), interpolation=cv2.INTER_LINEAR)
    image = np.ascontiguousarray(blended.astype(np.uint8))
    for _ in range(int(random.integers(0, 12))):
        color = tuple(float(v) for v in random.uniform(0, 255, 3))
        start, end = (tuple(int(v) for v in random.uniform(0, size, 2)) for _ in range(2))
        kind = int(random.integers(0, 4))
        if kind == 0:
            cv2.rectangle(image, start, end, color, -1 if random.random() < 0.6 else 2)
        elif kind == 1:
            axes = tuple(int(v) for v in random.uniform(2, size / 3, 2))
            cv2.ellipse(image, start, axes, float(random.uniform(0, 180)), 0, 360, color, -1)
        elif kind == 2:
            cv2.line(image, start, end, color, int(random.integers(1, 8)))
        else:
            text = "".join(chr(int(c)) for c in random.integers(48, 123, 8))
            cv2.putText(image, text, start, cv2.FONT_HERSHEY_SIMPLEX, float(random.uniform(0.3, 2)), color, 2)
    return image
