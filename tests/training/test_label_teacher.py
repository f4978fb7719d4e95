"""What a teacher says of photos is written down, and corrects masks that know face and hair alone."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from animirror.realtime.cli import main
from animirror.realtime.errors import UserError
from animirror.realtime.regions import CELEBAMASK_LABELS as LABELS
from animirror.training.checkpoint import save_checkpoint
from animirror.training.label_teacher import said, with_mirror
from animirror.training.networks import build
from animirror.training.parsing_data import FACE_GROUPS, IGNORED_BYTE, group_code, read_sample
from animirror.training.taught_labels import DOUBTFUL, UNSAID, corrected

COUNT = len(LABELS)
FACE, REST, BESIDE, PLAIN = (group_code(name, COUNT) for name in ("face", "rest", "beside", "plain"))
HAIR, HAT, EARS, CLOTH, SKIN, NECK = (
    LABELS.index(name) for name in ("hair", "hat", "ears", "cloth", "skin", "neck")
)


@pytest.mark.parametrize(
    ("code", "word", "believed"),
    [
        (REST, CLOTH, CLOTH),
        (BESIDE, NECK, NECK),
        (BESIDE, EARS, EARS),
        (REST, UNSAID, REST),
        (HAIR, HAIR, HAIR),
        (FACE, SKIN, FACE),
        (PLAIN, SKIN, PLAIN),
        # Who is right is not known, but for hats and clothes.
        (HAIR, CLOTH, CLOTH),
        (FACE, CLOTH, IGNORED_BYTE),
        (HAIR, NECK, IGNORED_BYTE),
        (REST, HAIR, IGNORED_BYTE),
        (HAIR, EARS, IGNORED_BYTE),
        (FACE, HAIR, IGNORED_BYTE),
        (HAIR, HAT, HAT),
        (PLAIN, HAT, HAT),
        (HAIR, DOUBTFUL, IGNORED_BYTE),
        (REST, DOUBTFUL, IGNORED_BYTE),
        (IGNORED_BYTE, HAT, IGNORED_BYTE),
        (IGNORED_BYTE, CLOTH, IGNORED_BYTE),
    ],
)
def test_what_is_believed_of_a_teacher(code: int, word: int, believed: int) -> None:
    faces = [group_code(name, COUNT) for name in FACE_GROUPS]
    codes, words = (np.full((1, 2), value, np.uint8) for value in (code, word))
    assert corrected(codes, words, LABELS, faces, IGNORED_BYTE).tolist() == [[believed, believed]]


def test_the_head_alone_is_looked_at_and_only_what_is_sure_is_said() -> None:
    image, mask = np.zeros((400, 300, 3), np.uint8), np.zeros((400, 300), np.uint8)
    mask[100:140, 100:130], mask[90:100, 95:135] = 1, 2
    shown: list[np.ndarray] = []

    def teach(picture: np.ndarray) -> np.ndarray:
        shown.append(picture)
        answer = np.zeros((COUNT, 16, 16), np.float32)
        answer[HAT, :8], answer[CLOTH, 8:] = 1.0, 0.7
        return answer

    image[..., 2] = 200
    words = said(image, mask, teach, 64, HAT)
    assert shown[0].shape == (64, 64, 3)
    assert (shown[0][..., 2] == 200).all()
    assert words.shape == (400, 300)
    assert (words[78:105, 95:135] == HAT).all()
    # Hats are believed earlier than what else is seen, and doubt about them is told.
    for probability, word in ((0.55, HAT), (0.3, DOUBTFUL), (0.05, UNSAID)):
        answer = np.zeros((COUNT, 16, 16), np.float32)
        answer[HAT], answer[HAIR] = probability, min(0.7, 1 - probability)
        assert (said(image, mask, lambda _, a=answer: a, 64, HAT)[78:105, 95:135] == word).all()
    # Less than sure, and beyond what was shown.
    assert set(np.unique(words[130:]).tolist()) == {UNSAID}
    assert (words[:, 200:] == UNSAID).all()


def test_a_picture_and_its_mirror_image_count_alike() -> None:
    class Left(torch.nn.Module):
        def forward(self, pixel_values: torch.Tensor) -> object:
            logits = torch.zeros(len(pixel_values), 2, 4, 4)
            logits[:, 1, :, :2] = 8.0
            return type("Output", (), {"logits": logits})

    answer = with_mirror(Left())(np.zeros((16, 16, 3), np.uint8))
    np.testing.assert_allclose(answer[1], np.full((4, 4), (1 + 0.5 - 1 / (1 + np.exp(8.0))) / 2), atol=1e-3)


def test_the_command_writes_masks_that_samples_are_corrected_by(tmp_path: Path) -> None:
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    values = np.zeros((80, 80), np.uint8)
    values[20:60, 20:60] = 1
    cv2.imwrite(str(tmp_path / "images/one.png"), np.full((80, 80, 3), 90, np.uint8))
    cv2.imwrite(str(tmp_path / "masks/one.png"), values)
    options = tmp_path / "options.json"
    people = {"name": "people", "images": "images", "masks": "masks", "coding": "face_hair"}
    told = {"name": "x", "data_root": str(tmp_path), "sets": [people | {"taught": str(tmp_path / "taught")}]}
    options.write_text(json.dumps(told))
    network = build({"name": "efficientnet", "labels": list(LABELS), "width": 8})
    with torch.no_grad():
        network.classifier.weight.zero_()
        network.classifier.bias.copy_(torch.eye(COUNT)[HAT] * 9)
    save_checkpoint(
        tmp_path / "teacher.safetensors",
        network,
        {
            "task": "segmentation",
            "network": {"name": "efficientnet", "labels": list(LABELS), "width": 8},
            "size": 64,
            "labels": list(LABELS),
        },
    )
    assert main(["prepare", "labels", str(options), str(tmp_path / "teacher.safetensors")]) == 0
    taught = tmp_path / "taught/one.png"
    pair = (tmp_path / "images/one.png", tmp_path / "masks/one.png", "face_hair", LABELS)
    told, untold = read_sample(*pair, taught_path=taught), read_sample(*pair)
    assert (told.codes[5:-5, 5:-5] == HAT).all()
    assert not (untold.codes == HAT).any()
    assert (told.hatted, untold.hatted) == (True, False)
    cv2.imwrite(str(taught), np.full((80, 80), COUNT, np.uint8))
    with pytest.raises(UserError, match=r"one\.png is none: value 16 is none of 16 labels"):
        read_sample(*pair, taught_path=taught)


def test_options_without_a_folder_and_teachers_of_other_labels_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = tmp_path / "options.json"
    teacher = tmp_path / "teacher.safetensors"
    spec = {"name": "efficientnet", "labels": ["a", "b"], "width": 8}
    save_checkpoint(
        teacher,
        build(spec),
        {"task": "segmentation", "network": spec, "size": 64, "labels": ["a", "b"]},
    )
    for told, why in (
        ({}, "names a folder in 'taught'"),
        ({"taught": "taught", "coding": "celebamask19"}, "'people' know more already"),
        ({"taught": "taught", "coding": "face_hair"}, "needs the labels of"),
    ):
        options.write_text(json.dumps({"name": "x", "sets": [{"name": "people"} | told]}))
        assert main(["prepare", "labels", str(options), str(teacher)]) == 2
        assert why in " ".join(capsys.readouterr().err.split())
