"""What a face mesh sees becomes masks, and the masks refine what is trained."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data as pictures

from animirror.realtime.cli import main
from animirror.realtime.errors import UserError
from animirror.realtime.regions import CELEBAMASK_LABELS as LABELS
from animirror.realtime.regions import Box, head_crop
from animirror.training.face_mesh import OVAL, RINGS, FaceMesh, fill
from animirror.training.face_parts import agreed_parts, draw_parts, prepare_parts
from animirror.training.options import MaskSet
from animirror.training.parsing_data import group_members, read_sample
from animirror.training.seen_parts import PLAIN, SEEN, refined
from animirror.training.teacher import PACKAGE

EYES, MOUTH = SEEN.index("eyes"), SEEN.index("mouth")
# Centres and half sizes of what the points below show, in shares of a face's own square.
PLACES = {"eyes": ((0.3, 0.4), (0.7, 0.4)), "brows": ((0.3, 0.28), (0.7, 0.28))}


def ring(center: tuple[float, float], half: tuple[float, float], count: int) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([center[0] + half[0] * np.cos(angles), center[1] + half[1] * np.sin(angles)], 1)


def mesh_points(left: float, top: float, side: float) -> np.ndarray:
    """float32 [478, 2]: an oval face in a square, two eyes and brows, a closed mouth's two lips."""
    points = np.full((478, 2), 0.5)
    points[list(OVAL)] = ring((0.5, 0.5), (0.45, 0.5), len(OVAL))
    for name, (first, second) in PLACES.items():
        for center, members in zip((first, second), RINGS[name], strict=True):
            points[list(members)] = ring(center, (0.1, 0.04), len(members))
    for name, center in (("mouth", (0.5, 0.75)), ("upper_lip", (0.5, 0.71)), ("lower_lip", (0.5, 0.79))):
        points[list(RINGS[name][0])] = ring(center, (0.12, 0.03), len(RINGS[name][0]))
    return (points * side + (left, top)).astype(np.float32)


class Blind:
    """A segmenter that sees the same probability of glasses everywhere, and no eyes."""

    labels, size = LABELS, 32

    def __init__(self, glasses: float) -> None:
        self._glasses = glasses

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        answer = np.zeros((len(crops), len(LABELS), 8, 8), np.float32)
        answer[:, LABELS.index("glasses")] = self._glasses
        return answer


def test_rings_are_filled_to_parts_of_a_pixel() -> None:
    points = np.zeros((478, 2), np.float32)
    points[[1, 2, 3, 4]] = [(9.6, 9.6), (20.4, 9.6), (20.4, 20.4), (9.6, 20.4)]
    inside = fill(points, (1, 2, 3, 4), (30, 30))
    assert inside[10:21, 10:21].all()
    assert not inside[:9].any()
    assert not inside[22:].any()


def test_parts_lie_over_the_plain_face() -> None:
    parts = draw_parts(mesh_points(20, 10, 100), (120, 140))
    assert parts[50, 50] == parts[50, 90] == EYES
    assert parts[38, 50] == SEEN.index("brows")
    assert parts[60, 70] == PLAIN
    assert parts[5, 5] == 0
    assert {SEEN[value] for value in np.unique(parts)} == set(SEEN)
    assert not draw_parts(None, (8, 8)).any()


def test_only_what_the_mirror_image_shows_too_is_believed() -> None:
    straight = mesh_points(14, 14, 100)
    same = straight.copy()
    same[:, 0] = 127 - straight[:, 0]
    told = iter([straight, same])
    alike = agreed_parts(np.zeros((128, 128, 3), np.uint8), lambda _: next(told))
    assert np.mean(alike == draw_parts(straight, (128, 128))) > 0.97
    told = iter([straight, same + np.float32((0, 30))])
    unlike = agreed_parts(np.zeros((128, 128, 3), np.uint8), lambda _: next(told))
    assert not (unlike == EYES).any()
    told = iter([straight, None])
    assert not agreed_parts(np.zeros((128, 128, 3), np.uint8), lambda _: next(told)).any()


def person(folder: Path) -> MaskSet:
    """One photo whose mask has a face of 100 x 100 pixels."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    values = np.zeros((200, 220), np.uint8)
    cv2.ellipse(values, (110, 100), (45, 50), 0, 0, 360, 1, -1)
    image = np.random.default_rng(0).integers(0, 256, (200, 220, 3), dtype=np.uint8)
    cv2.imwrite(str(folder / "images/one.png"), image)
    cv2.imwrite(str(folder / "masks/one.png"), values)
    return MaskSet("people", "images", "masks", "face_hair", parts=str(folder / "parts"))


def over_the_mask(image: np.ndarray) -> np.ndarray:
    """Points where the crop of person's face shows it: in the middle, as large as the crop makes it."""
    face = Box(65, 50, 156, 151)
    crop = head_crop(face, face)
    scale = image.shape[0] / crop.side
    return mesh_points((60 - crop.box.left) * scale, (50 - crop.box.top) * scale, 101 * scale)


def test_parts_are_written_refine_the_mask_and_are_kept(tmp_path: Path) -> None:
    item = person(tmp_path)
    assert prepare_parts(tmp_path, item, over_the_mask, Blind(0.0)) == (1, 1)
    image, mask, parts = (tmp_path / name / "one.png" for name in ("images", "masks", "parts"))
    sample = read_sample(image, mask, "face_hair", LABELS, parts_path=parts)
    codes = set(np.unique(sample.codes).tolist())
    assert {LABELS.index("eyes"), LABELS.index("lower_lip"), 16 + 3} <= codes
    eyes = sample.codes == LABELS.index("eyes")
    assert 100 < np.count_nonzero(eyes) < 700
    assert not (eyes & (read_sample(image, mask, "face_hair", LABELS).codes != 16)).any()
    # Another run looks at nothing anew.
    assert prepare_parts(tmp_path, item, lambda _: None, Blind(0.0)) == (1, 1)


def test_a_mesh_beside_the_masks_face_is_not_believed(tmp_path: Path) -> None:
    def beside(image: np.ndarray) -> np.ndarray:
        return mesh_points(0.02 * image.shape[0], 0.02 * image.shape[0], 0.2 * image.shape[0])

    assert prepare_parts(tmp_path, person(tmp_path), beside, Blind(0.0)) == (0, 1)


def test_eyes_behind_dark_glasses_are_nobodys_to_say(tmp_path: Path) -> None:
    prepare_parts(tmp_path, person(tmp_path), over_the_mask, Blind(0.9))
    assert not (cv2.imread(str(tmp_path / "parts/one.png"), cv2.IMREAD_GRAYSCALE) == EYES).any()


def test_sets_that_know_parts_or_name_no_folder_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = tmp_path / "options.json"
    for told, why in (
        ({"coding": "celebamask19", "parts": "parts"}, "'people' know more already"),
        ({"coding": "face_hair"}, "names a folder in 'parts'"),
    ):
        options.write_text(json.dumps({"name": "x", "sets": [{"name": "people"} | told]}))
        assert main(["prepare", "parts", str(options)]) == 2
        assert why in " ".join(capsys.readouterr().err.split())


def test_refined_codes_by_hand() -> None:
    hair = LABELS.index("hair")
    codes = np.array([[16, 16, 16, 16, hair, 17]], np.uint8)
    parts = np.array([[0, PLAIN, EYES, MOUTH, EYES, EYES]], np.uint8)
    told = refined(codes, parts, LABELS, face=16, plain=19)
    assert told.tolist() == [[16, 19, LABELS.index("eyes"), LABELS.index("mouth"), hair, 17]]
    with pytest.raises(ValueError, match="value 7 is not one of the 7"):
        refined(codes, np.full((1, 6), 7, np.uint8), LABELS, face=16, plain=19)


def test_plain_is_skin_nose_and_glasses() -> None:
    assert {LABELS[index] for index in group_members(LABELS)["plain"]} == {"skin", "nose", "glasses"}


def test_a_mask_of_parts_that_is_none_is_named(tmp_path: Path) -> None:
    item = person(tmp_path)
    Path(item.parts).mkdir()
    cv2.imwrite(str(Path(item.parts) / "one.png"), np.full((200, 220), 200, np.uint8))
    with pytest.raises(UserError, match=r"parts/one\.png is none: value 200"):
        read_sample(
            tmp_path / "images/one.png",
            tmp_path / "masks/one.png",
            "face_hair",
            LABELS,
            parts_path=Path(item.parts) / "one.png",
        )


def test_the_way_to_mediapipe_is_told_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "mediapipe.python.solutions.face_mesh", None)
    with pytest.raises(UserError, match=f"pip install {PACKAGE}"):
        FaceMesh()


def test_the_real_mesh_finds_the_eyes_of_a_photo() -> None:
    pytest.importorskip("mediapipe.python.solutions", reason="mediapipe 0.10.14 is not installed")
    picture = np.ascontiguousarray(pictures.astronaut()[:230, 100:330, ::-1])
    with FaceMesh() as mesh:
        eyes = np.nonzero(agreed_parts(picture, mesh) == EYES)
    left = eyes[1] < 125
    assert (eyes[1][left].mean(), eyes[0][left].mean()) == pytest.approx((103, 101), abs=3)
    assert (eyes[1][~left].mean(), eyes[0][~left].mean()) == pytest.approx((147, 103), abs=3)
