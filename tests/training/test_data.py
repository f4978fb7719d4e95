import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from animirror.realtime.errors import UserError
from animirror.realtime.regions import CELEBAMASK_LABELS, Crop, head_crop, mask_box
from animirror.training.data import (
    Blur,
    Jitter,
    UnpairedDataset,
    fit_into,
    is_grey,
    jittered,
    jitters,
    read_pictures,
    to_picture,
    to_tensor,
)
from animirror.training.options import CycleganOptions, MaskSet, PictureSet
from animirror.training.parsing_data import (
    CELEBAMASK19_TO_16,
    HeadMeter,
    decode_mask,
    group_members,
    mark_beside,
    normalise,
    read_set,
)
from animirror.training.splits import read_splits
from animirror.training.webcam_views import WebcamDataset

PEOPLE = MaskSet("people", "people/images", "people/masks", "face_hair")
LABELS = CELEBAMASK_LABELS


def test_celebamask_values_become_the_merged_labels() -> None:
    names = (
        "background skin nose glasses eyes eyes brows brows ears ears mouth upper_lip lower_lip hair hat "
        "earring necklace neck cloth"
    ).split()
    assert [LABELS[index] for index in CELEBAMASK19_TO_16] == names
    decoded = decode_mask(np.arange(19, dtype=np.uint8)[None], "celebamask19", LABELS)
    assert decoded[0].tolist() == list(CELEBAMASK19_TO_16)
    with pytest.raises(ValueError, match="value 19"):
        decode_mask(np.array([[19]], np.uint8), "celebamask19", LABELS)


def test_three_values_become_groups() -> None:
    decoded = decode_mask(np.array([[0, 1, 2]], np.uint8), "face_hair", LABELS)
    assert decoded[0].tolist() == [17, 16, LABELS.index("hair")]
    # 255 is nobody's, in whatever coding.
    assert decode_mask(np.array([[255, 1]], np.uint8), "face_hair", LABELS)[0].tolist() == [255, 16]
    with pytest.raises(ValueError, match="value 254"):
        decode_mask(np.array([[255, 254]], np.uint8), "face_hair", LABELS)
    members = group_members(LABELS)
    assert LABELS.index("hair") not in members["face"] + members["rest"]
    # On one side of a face's border alone: else they would be right wherever it is in doubt.
    ears = LABELS.index("ears")
    assert ears not in members["face"] + members["rest"]
    assert set(members["beside"]) == {*members["rest"], ears}
    assert set(members["face"]) | set(members["beside"]) | {LABELS.index("hair")} == set(range(16))


def test_ears_may_hide_beside_a_face_and_nowhere_else() -> None:
    codes = np.full((60, 60), 17, np.uint8)
    codes[20:40, 20:40] = 16  # a face of 20 pixels: ears reach 5 pixels out of it
    codes[10:20, 20:40] = LABELS.index("hair")
    marked = mark_beside(codes, 16)
    assert (marked[codes != 17] == codes[codes != 17]).all()
    row = marked[30].tolist()
    assert row == [17] * 15 + [18] * 5 + [16] * 20 + [18] * 5 + [17] * 15
    assert (mark_beside(np.full((4, 4), 17, np.uint8), 16) == 17).all()


def test_normalisation_by_hand() -> None:
    pixel = normalise(np.array([[[0, 128, 255]]], np.uint8))  # BGR
    assert pixel[:, 0, 0].tolist() == pytest.approx(
        [(1 - 0.485) / 0.229, (128 / 255 - 0.456) / 0.224, (0 - 0.406) / 0.225]
    )


def test_sets_keep_to_their_part(data: Path) -> None:
    splits = read_splits(data / "splits.json")
    assert len(read_set(data, PEOPLE, splits, LABELS, validation=False)) == 8
    assert len(read_set(data, PEOPLE, splits, LABELS, validation=True)) == 2
    elsewhere = dataclasses.replace(PEOPLE, root=str(data))
    assert len(read_set(data / "nowhere", elsewhere, splits, LABELS, validation=True)) == 2


def test_meter_cuts_what_the_filter_would(data: Path) -> None:
    (sample, _) = read_set(data, PEOPLE, read_splits(data / "splits.json"), LABELS, validation=True)
    face, head = mask_box(sample.codes == 16), mask_box(sample.codes < 17)
    assert head is not None
    assert HeadMeter(LABELS).crop(sample.codes) == head_crop(face, head)


def webcam(data: Path, seed: int = 1, spoiled: float = 1.0, plain: float = 0.0) -> WebcamDataset:
    samples = read_set(data, PEOPLE, read_splits(data / "splits.json"), LABELS, validation=False)
    return WebcamDataset(
        [(samples, 1.0)], LABELS, size=64, length=50, seed=seed, spoiled=spoiled, plain=plain
    )


def test_samples_depend_on_seed_and_index_alone(data: Path) -> None:
    one, same, other = webcam(data), webcam(data), webcam(data, seed=2)
    assert torch.equal(one[7]["pixel_values"], same[7]["pixel_values"])
    assert not torch.equal(one[7]["pixel_values"], one[8]["pixel_values"])
    assert not torch.equal(one[7]["pixel_values"], other[7]["pixel_values"])


def test_as_many_pictures_are_spoiled_as_asked(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    black = np.zeros((64, 64, 3), np.uint8)
    monkeypatch.setattr("animirror.training.webcam_views.spoil", lambda image, random: black)
    for share, least, most in ((0.0, 0, 0), (0.5, 10, 40), (1.0, 50, 50)):
        dataset = webcam(data, spoiled=share)
        pictures = [dataset.draw(np.random.default_rng(index))[0] for index in range(50)]
        assert least <= sum(not picture.any() for picture in pictures) <= most


def test_plain_pictures_have_nothing_beside_the_heads(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    staged: list[str] = []
    monkeypatch.setattr(WebcamDataset, "NOBODY", 0.0)
    for chance in ("DECOYS", "COVERED", "ON_OTHER"):
        monkeypatch.setattr(WebcamDataset, chance, 1.0)
    for step in ("_add_decoy", "_cover"):
        monkeypatch.setattr(WebcamDataset, step, lambda *_, name=step: staged.append(name))
    for share, least, most in ((0.0, 50, 50), (0.5, 10, 40), (1.0, 0, 0)):
        staged.clear()
        dataset = webcam(data, plain=share)
        for index in range(50):
            _, codes = dataset.draw(np.random.default_rng(index))
            assert codes.shape == (64, 64)
        assert least <= staged.count("_cover") <= most
        assert bool(staged) is (share < 1)


def test_masks_move_with_their_pictures(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("animirror.training.webcam_views.spoil", lambda image, random: image)
    monkeypatch.setattr(WebcamDataset, "COVERED", 0.0)
    monkeypatch.setattr(WebcamDataset, "NOBODY", 0.0)
    dataset = webcam(data)
    agree = []
    for index in range(50):
        image, codes = dataset.draw(np.random.default_rng(index))
        skin = (np.abs(image.astype(int) - (40, 80, 220)).max(axis=2) < 30) & (image.sum(axis=2) > 0)
        inside = cv2.erode((codes == 16).astype(np.uint8), np.ones((3, 3))) > 0
        if inside.sum() > 40:
            agree.append((skin & inside).sum() / inside.sum())
    assert len(agree) > 25
    assert np.mean(agree) > 0.93


def test_grey_pictures_are_known() -> None:
    grey = np.repeat(np.random.default_rng(0).integers(0, 256, (40, 40, 1), dtype=np.uint8), 3, axis=2)
    assert is_grey(grey)
    grey[..., 2] = 255 - grey[..., 2]
    assert not is_grey(grey)


def test_crops_hardly_leave_the_photo() -> None:
    fitted = fit_into(Crop(20, 50, 300), 100, 100)
    assert fitted.side == pytest.approx(116)
    assert (fitted.center_x, fitted.center_y) == (50, 50)
    small = Crop(60, 40, 30)
    assert fit_into(small, 100, 100) == small


def test_pictures_without_masks_are_cut_to_a_square(tmp_path: Path) -> None:
    for name, (height, width) in (("square", (100, 100)), ("wide", (100, 200))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.zeros((height, width, 3), np.uint8))
    square, wide = read_pictures(tmp_path.parent, [PictureSet("s", tmp_path.name)], None, validation=False)
    assert square.crop == Crop(50, 50, 100)
    assert (wide.crop.center_x, wide.crop.center_y, wide.crop.side) == (100, 50, pytest.approx(116))


def test_pictures_to_tensors_and_back() -> None:
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    tensor = to_tensor(image)
    assert tensor[0, 0, 0].item() == pytest.approx(image[0, 0, 2] / 127.5 - 1)  # red first
    assert np.array_equal(to_picture(tensor), image)


def test_unreadable_pictures_are_left_out_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cv2.imwrite(str(tmp_path / "good.png"), np.zeros((20, 20, 3), np.uint8))
    (tmp_path / "bad.png").write_bytes(b"x")
    read = read_pictures(tmp_path.parent, [PictureSet("s", tmp_path.name)], None, validation=False)
    assert [picture.path.name for picture in read] == ["good.png"]
    assert "bad.png cannot be read" in caplog.text
    (tmp_path / "good.png").unlink()
    with pytest.raises(UserError, match="No usable pictures"):
        read_pictures(tmp_path.parent, [PictureSet("s", tmp_path.name)], None, validation=False)


def test_jitter_of_nothing_is_the_crop(data: Path) -> None:
    (picture, *_) = read_pictures(data, [PictureSet("drawings", "drawings/images")], None, validation=False)
    none = Jitter(rotation=0, zoom_out=1, zoom_in=1, shift=0, mirror=0)
    view = jittered(picture, 96, none, np.random.default_rng(0))
    assert np.array_equal(view, picture.image)


def test_a_resumed_dataset_goes_on_where_it_stopped(data: Path) -> None:
    photos = read_pictures(data, [PictureSet("people", "people/images")], None, validation=False)
    whole = UnpairedDataset(photos, photos, 32, 0, 10, seed=4)
    rest = UnpairedDataset(photos, photos, 32, 6, 10, seed=4)
    assert len(rest) == 4
    assert torch.equal(whole[8]["drawing"], rest[2]["drawing"])


def test_the_blur_falls_to_nothing_as_in_the_thesis() -> None:
    blur = Blur(sigma=40.0, kernel=13, share=0.75)
    epochs = (0, 75, 120, 150, 199)
    assert [blur.sigma_at(epoch / 200) for epoch in epochs] == pytest.approx([40, 20, 8, 0, 0])
    dot = np.zeros((41, 41, 3), np.uint8)
    dot[20, 20] = 255
    assert np.array_equal(blur(dot, 0.75), dot)
    # Sigma 40 over 13 pixels is nearly a box: 255 / 13^2 = 1.5 everywhere.
    start = blur(dot, 0.0)
    assert set(np.unique(start[14:27, 14:27])) <= {1, 2}
    assert start.sum() == start[14:27, 14:27].sum()


def test_only_early_pictures_are_blurred(data: Path) -> None:
    photos = read_pictures(data, [PictureSet("people", "people/images")], None, validation=False)
    sharp = UnpairedDataset(photos, photos, 32, 0, 8, seed=4)
    blurred = UnpairedDataset(photos, photos, 32, 0, 8, seed=4, blur=Blur(40.0, 13, 0.5))
    same = [torch.equal(sharp[i]["photo"], blurred[i]["photo"]) for i in range(8)]
    assert same == [False] * 4 + [True] * 4
    # Neighbours differ less in a blurred picture.
    assert blurred[0]["photo"].diff(dim=2).abs().mean() < 0.6 * sharp[0]["photo"].diff(dim=2).abs().mean()


def test_resize_and_random_crop_by_hand(tmp_path: Path) -> None:
    options = CycleganOptions(size=256, resize=290, rotation=0.0, mirror=0.0)
    jitter, _ = jitters(options)
    assert (jitter.zoom_in, jitter.zoom_out) == (256 / 290, 256 / 290)
    assert jitter.shift == pytest.approx(17 / 290)  # (290 - 256) / 2 of 290 pixels either way
    # A picture of 290 px whose red and green are its columns and rows: every crop is 256 of them in a row.
    columns, rows = np.meshgrid(np.arange(290), np.arange(290))
    ramp = np.stack([np.zeros_like(rows), rows * 0.8, columns * 0.8], axis=2).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "ramp.png"), ramp)
    (picture,) = read_pictures(tmp_path.parent, [PictureSet("x", tmp_path.name)], None, validation=False)
    starts = set()
    for seed in range(40):
        view = jittered(picture, 256, jitter, np.random.default_rng(seed)).astype(float) / 0.8
        assert view[0, -1, 2] - view[0, 0, 2] == pytest.approx(255, abs=2)
        assert view[0, 0, 2] >= 0
        assert view[-1, -1, 2] <= 289
        starts.add(round(view[0, 0, 2]))
    assert min(starts) < 5
    assert max(starts) > 29


def test_a_picture_that_goes_missing_is_named(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "here.png"), np.zeros((20, 20, 3), np.uint8))
    (picture,) = read_pictures(tmp_path.parent, [PictureSet("s", tmp_path.name)], None, validation=False)
    (tmp_path / "here.png").unlink()
    with pytest.raises(UserError, match=r"here\.png could be read before"):
        _ = picture.image
