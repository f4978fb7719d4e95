"""Head crops out of photos: the shipped segmenter on a real portrait, and what is left out by name."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data as pictures

from animirror.realtime.cli import main
from animirror.realtime.errors import UserError
from animirror.realtime.locate import Locator
from animirror.realtime.segment import Segmenter
from animirror.training.face_list import LIST, FaceList, Head
from animirror.training.faces import (
    SAME_BITS,
    FaceOptions,
    examine,
    perceptual_hash,
    prepare_faces,
    sharpness,
)
from tests.conftest import draw_person, empty_frame

OPTIONS = FaceOptions(size=128, min_side=90.0, device="cpu")


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    """The head of Eileen Collins: uint8 [230, 230, 3] BGR."""
    return np.ascontiguousarray(pictures.astronaut()[:230, 100:330, ::-1])


@pytest.fixture
def photos(tmp_path: Path, portrait: NDArray[np.uint8]) -> Path:
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    cv2.imwrite(str(folder / "a.png"), portrait)
    cv2.imwrite(str(folder / "blurred.png"), cv2.GaussianBlur(portrait, (0, 0), 3))
    grey = cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY)
    cv2.imwrite(str(folder / "grey.png"), grey)
    cv2.imwrite(str(folder / "more" / "a.jpg"), portrait, [cv2.IMWRITE_JPEG_QUALITY, 50])
    cv2.imwrite(str(folder / "more" / "nobody.png"), empty_frame(200, 200))
    small = cv2.resize(portrait, (110, 110), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(folder / "small.png"), small)
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


def rows(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / LIST).open(newline="") as file:
        return {row["source"]: row for row in csv.DictReader(file)}


def test_heads_are_cut_and_the_rest_is_listed_with_its_reason(photos: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    heads = tmp_path / "heads"
    summary = prepare_faces(photos, heads, OPTIONS, progress=lambda done, total: seen.append((done, total)))
    reasons = {source: row["reason"] for source, row in rows(heads).items()}
    assert reasons == {
        "a.png": "",
        "blurred.png": "blurred",
        "broken.jpg": "unreadable",
        "grey.png": "grey",
        "more/a.jpg": "duplicate",
        "more/nobody.png": "no head",
        "small.png": "tiny",
    }
    assert rows(heads)["more/a.jpg"]["detail"] == "of a.webp"
    assert (summary.pictures, summary.skipped, summary.kept) == (7, 0, 1)
    assert summary.left_out["blurred"] == 1
    assert len(summary.unreadable) == 1
    assert "broken.jpg is not a picture" in summary.unreadable[0]
    assert seen == [(done, 7) for done in range(1, 8)]
    assert sorted(path.name for path in heads.iterdir()) == ["a.webp", "faces.csv", "faces.json"]
    crop = cv2.imread(str(heads / "a.webp"))
    assert crop.shape == (128, 128, 3)
    # The face stands in the middle: skin is there.
    blue, _, red = crop[50:90, 50:80].reshape(-1, 3).mean(axis=0)
    assert red > blue + 30


def test_work_goes_on_where_it_stopped(photos: Path, tmp_path: Path, portrait: NDArray[np.uint8]) -> None:
    heads = tmp_path / "heads"
    for name in ("blurred.png", "grey.png", "small.png", "more/nobody.png"):
        (photos / name).unlink()
    prepare_faces(photos, heads, OPTIONS)
    whole = (heads / LIST).read_bytes()
    # Killed in the midst of the last line: that photo is looked at again, nothing else.
    (heads / LIST).write_bytes(whole[:-9])
    cv2.imwrite(str(photos / "z.png"), portrait[:, ::-1])
    summary = prepare_faces(photos, heads, OPTIONS)
    assert (summary.pictures, summary.skipped, summary.kept) == (2, 2, 1)
    assert (heads / LIST).read_bytes().startswith(whole)
    assert rows(heads)["z.png"]["crop"] == "z.webp"
    assert prepare_faces(photos, heads, OPTIONS).pictures == 0
    with pytest.raises(UserError, match="was made with other options"):
        prepare_faces(photos, heads, FaceOptions(size=64))


def test_several_processes_write_the_same_list(photos: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for name in ("blurred.png", "small.png", "more/nobody.png"):
        (photos / name).unlink()
    prepare_faces(photos, one, OPTIONS)
    prepare_faces(photos, two, OPTIONS, workers=2)
    assert (one / LIST).read_text() == (two / LIST).read_text()
    assert (one / "a.webp").read_bytes() == (two / "a.webp").read_bytes()


def test_every_head_of_a_photo_is_cut_as_the_filter_cuts_it(segmenter: Segmenter, tmp_path: Path) -> None:
    frame = empty_frame(640, 360)
    for x in (180, 460):
        draw_person(frame, x, 190, 110)
    cv2.imwrite(str(tmp_path / "two.png"), frame)
    locator = Locator(segmenter)
    found = examine(tmp_path, "two.png", locator, FaceOptions(size=64, min_side=64.0, suffix=".png"))
    assert len(found) == 2
    for item, track in zip(found, locator(frame, None), strict=True):
        assert item.head.side == pytest.approx(track.crop.side, abs=0.1)
        assert item.encoded is not None
        crop = cv2.imdecode(np.frombuffer(item.encoded, np.uint8), cv2.IMREAD_COLOR)
        assert np.abs(crop.astype(int) - track.crop.extract(frame, 64)).max() == 0


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        prepare_faces(tmp_path / "none", tmp_path / "heads", OPTIONS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no pictures"):
        prepare_faces(tmp_path / "empty", tmp_path / "heads", OPTIONS)
    with pytest.raises(UserError, match="crops would be taken for photos"):
        prepare_faces(tmp_path, tmp_path / "heads", OPTIONS)
    (tmp_path / LIST).write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="is not a list of prepared faces"):
        FaceList(tmp_path / LIST)


def test_hash_knows_the_same_picture(portrait: NDArray[np.uint8]) -> None:
    def differing(other: NDArray[np.uint8]) -> int:
        return (perceptual_hash(portrait) ^ perceptual_hash(other)).bit_count()

    resized = cv2.resize(portrait, (140, 140), interpolation=cv2.INTER_AREA)
    assert differing(portrait) == 0
    assert differing(np.asarray(resized, np.uint8)) <= SAME_BITS
    assert differing(np.asarray(cv2.convertScaleAbs(portrait, alpha=0.8), np.uint8)) <= SAME_BITS
    assert differing(np.ascontiguousarray(portrait[:, ::-1])) > 80
    # One cosine: of all 256 coefficients only the mean and (0, 3) are above the median.
    wave = 128 + 100 * np.cos(np.pi * 3 * (np.arange(32) + 0.5) / 32)
    stripes = np.repeat(np.tile(np.rint(wave).astype(np.uint8), (32, 1))[..., None], 3, axis=2)
    assert perceptual_hash(stripes) & 0b1111 == 0b1001


def test_sharpness_by_hand() -> None:
    flat = np.full((128, 128, 3), 90, np.uint8)
    assert sharpness(flat) == 0.0
    # A board of single pixels, 0 and 100: the Laplacian is 4 * 100 with alternating sign everywhere.
    board = np.indices((128, 128)).sum(axis=0) % 2 * 100
    assert sharpness(np.repeat(board[..., None], 3, axis=2).astype(np.uint8)) == pytest.approx(
        400**2, rel=0.02
    )


def test_twins_and_names(tmp_path: Path) -> None:
    with FaceList(tmp_path / LIST) as faces:
        assert faces.free_name("x/a.jpg", ".png") == "a.png"
        faces.remember("a.png", 0)
        faces.remember("a-2.png", 2**256 - 1)
        assert faces.free_name("a.webp", ".png") == "a-3.png"
        assert faces.twin(0b111, 3) == "a.png"
        assert faces.twin(0b1111, 3) is None
        assert faces.twin(2**256 - 2, 3) == "a-2.png"
        faces.add([Head("x/a.jpg", None, crop="a.png", hash=5), Head("x/a.jpg", "tiny")])
    # Two lines belong to the photo; with one of them it is not done.
    lines = (tmp_path / LIST).read_text().splitlines(keepends=True)
    assert FaceList(tmp_path / LIST).sources == {"x/a.jpg"}
    (tmp_path / LIST).write_text("".join(lines[:-1]), newline="")
    assert FaceList(tmp_path / LIST).sources == set()


def test_the_command(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("blurred.png", "small.png", "grey.png", "more/nobody.png", "more/a.jpg"):
        (photos / name).unlink()
    arguments = ["prepare", "faces", str(photos), str(tmp_path / "heads"), "--format", "png", "--size", "96"]
    assert main([*arguments, "--device", "cpu", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["left_out"] == {"unreadable": 1}
    assert cv2.imread(str(tmp_path / "heads" / "a.png")).shape == (96, 96, 3)
    assert main([*arguments, "--size", "9"]) == 2
    assert "--size must be between 64 and 1024" in capsys.readouterr().err
