"""The segmenter's training: evaluation, reports, best and last, label sets, data of the hub."""

import csv
import dataclasses
import io
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from animirror.realtime.errors import UserError
from animirror.realtime.regions import CELEBAMASK_LABELS
from animirror.training import segformer
from animirror.training.checkpoint import load_checkpoint, load_tensors, read_description
from animirror.training.confusion import IGNORED, Confusion
from animirror.training.hub import read_hub
from animirror.training.labels import head_regions, read_labels, resolve_labels
from animirror.training.networks import build
from animirror.training.networks.segformer import VARIANTS
from animirror.training.options import HubSet, MaskSet, SegformerOptions
from animirror.training.options_file import load_options
from animirror.training.parsing_data import Sample
from animirror.training.parsing_report import overlay, overlay_sheet, palette, write_table
from animirror.training.parsing_views import WholePictures, color_jittered
from animirror.training.webcam_views import WebcamDataset

LABELS = ("background", "skin", "ears", "hair")
NETWORK = {"name": "segformer", "decoder": 16, "drop_path": 0.0, "dropout": 0.0}
PRESETS = Path(__file__).parents[2] / "training" / "presets"


def options_for(data: Path, runs: Path, **changes: object) -> SegformerOptions:
    options = SegformerOptions(
        name="seg",
        network=NETWORK,
        labels=list(LABELS),
        data_root=str(data),
        sets=[MaskSet("people", "people/images", "people/masks", "face_hair")],
        splits=str(data / "splits.json"),
        runs=str(runs),
        size=64,
        steps=3,
        batch=2,
        warmup=0,
        evaluate_every=2,
        save_every=1,
        samples=2,
        bf16=False,
        workers=0,
    )
    return dataclasses.replace(options, **changes)  # type: ignore[arg-type]


def history(folder: Path) -> list[dict[str, str]]:
    with (folder / "evaluations.csv").open() as file:
        return list(csv.DictReader(file))


def test_evaluations_tell_the_whole_story(data: Path, tmp_path: Path) -> None:
    last = segformer.train(options_for(data, tmp_path))
    folder = last.parent
    rows = history(folder)
    assert [row["step"] for row in rows] == ["2", "3"]  # every second step, and the end
    assert all(float(row["loss"]) > 0 for row in rows)
    assert {"face_iou", "face_accuracy", "hair_iou", "hair_accuracy", "iou of skin"} <= rows[0].keys()
    table = (folder / "labels.md").read_text()
    assert "# seg, step 3" in table
    assert "| **hair**, as a region |" in table
    with (folder / "labels.csv").open() as file:
        assert [row["label"] for row in csv.DictReader(file)] == [*LABELS, "face", "hair"]
    assert cv2.imread(str(folder / "curves.png")).shape[1] > 1000
    sheet = cv2.imread(str(folder / "samples" / "000003.png"))
    assert sheet.shape == (3 * 64, 2 * 64 + 150, 3)

    best = max(rows, key=lambda row: float(row["mean_iou"]))
    model, description = load_checkpoint(folder / "best.safetensors")
    assert description["provenance"]["step"] == int(best["step"])
    assert description["validation"]["mean_iou"] == pytest.approx(float(best["mean_iou"]), abs=1e-5)
    assert read_description(last)["provenance"]["step"] == 3

    # The same scores by a second implementation, from the kept weights.
    codes, predicted = [], []
    for image_path in sorted((data / "people" / "images").glob("0[01].png")):
        view = cv2.resize(cv2.imread(str(image_path)), (64, 64), interpolation=cv2.INTER_LINEAR)
        mask = cv2.imread(str(data / "people" / "masks" / image_path.name), cv2.IMREAD_GRAYSCALE)
        codes.append(cv2.resize(mask, (64, 64), interpolation=cv2.INTER_NEAREST))
        rgb = (view[..., ::-1] / 255.0 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
        with torch.no_grad():
            logits = model(torch.from_numpy(rgb).float().movedim(-1, 0)[None]).logits
        large = torch.nn.functional.interpolate(logits, size=(64, 64), mode="bilinear")
        predicted.append(large.argmax(1)[0].numpy())
    truth, found = np.stack(codes) == 2, np.stack(predicted) == 3
    iou = np.count_nonzero(truth & found) / max(1, np.count_nonzero(truth | found))
    assert float(best["hair_iou"]) == pytest.approx(iou, abs=0.03)


def test_a_resumed_run_goes_on_with_its_history(data: Path, tmp_path: Path) -> None:
    options = options_for(data, tmp_path, evaluate_every=1)
    with pytest.raises(UserError, match="holds no checkpoint to resume"):
        segformer.train(options, resume=True)
    folder = segformer.train(options, max_minutes=0.0).parent
    assert [row["step"] for row in history(folder)] == ["1"]
    with pytest.raises(UserError, match="already holds a run; resume it"):
        segformer.train(options)
    # A checkpoint that a kill cut short is passed over.
    (folder / "trainer" / "checkpoint-9").mkdir()
    segformer.train(options, resume=True)
    assert [row["step"] for row in history(folder)] == ["1", "2", "3"]


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(data: Path, tmp_path: Path) -> None:
    whole = options_for(data, tmp_path, name="whole", evaluate_every=9)
    parts = dataclasses.replace(whole, name="parts")
    expected, _ = load_tensors(segformer.train(whole))
    segformer.train(parts, max_minutes=0.0)
    resumed, _ = load_tensors(segformer.train(parts, resume=True))
    assert expected.keys() == resumed.keys()
    for name, tensor in expected.items():
        assert torch.equal(tensor, resumed[name]), name


def test_ctrl_c_saves_first(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, options = WebcamDataset.draw, options_for(data, tmp_path, save_every=9, evaluate_every=9)

    def interrupted(*arguments: object) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        monkeypatch.setattr(WebcamDataset, "draw", real)
        return real(*arguments)

    monkeypatch.setattr(WebcamDataset, "draw", interrupted)
    with pytest.raises(KeyboardInterrupt):
        segformer.train(options)
    assert read_description(tmp_path / "seg" / "last.safetensors")["provenance"]["step"] == 1
    assert segformer.last_checkpoint(tmp_path / "seg") == tmp_path / "seg" / "trainer" / "checkpoint-1"


def test_any_labels_on_whole_pictures(tmp_path: Path) -> None:
    for kind in ("images", "masks"):
        (tmp_path / "data" / kind).mkdir(parents=True)
    for index in range(6):
        mask = np.zeros((40, 60), np.uint8)
        mask[:, 10 * index :] = 1 + index % 2
        cv2.imwrite(str(tmp_path / "data" / "images" / f"{index}.png"), np.dstack([mask * 100] * 3))
        cv2.imwrite(str(tmp_path / "data" / "masks" / f"{index}.png"), mask)
    (tmp_path / "names.json").write_text('{"0": "sea", "1": "sand", "2": "sky"}')
    options = options_for(
        tmp_path / "data",
        tmp_path / "runs",
        labels=[],
        labels_file=str(tmp_path / "names.json"),
        sets=[MaskSet("beach", "images", "masks")],
        splits="",
        augmentation="color_jitter",
        epochs=2.0,
        evaluate_every=20,
        save_every=20,
    )
    folder = segformer.train(options).parent
    # Of 6 pictures one is drawn for validation; 5 make 3 steps of 2 an epoch.
    assert json.loads((folder / "options.json").read_text())["steps"] == 6
    (row,) = history(folder)
    assert row["step"] == "6"
    assert "face_iou" not in row
    assert "iou of sand" in row


def test_pretrained_weights_from_a_folder_are_not_needed_again(data: Path, tmp_path: Path) -> None:
    build({**NETWORK, "labels": ["a", "b"]}).save_pretrained(tmp_path / "pretrained")
    network = {"name": "segformer", "pretrained": str(tmp_path / "pretrained")}
    last = segformer.train(options_for(data, tmp_path, network=network, steps=1))
    shutil.rmtree(tmp_path / "pretrained")
    model, description = load_checkpoint(last)
    assert description["network"]["variant"] == "b0"
    assert model.config.decoder_hidden_size == 16
    assert model(torch.zeros(1, 3, 64, 64)).logits.shape == (1, 4, 16, 16)


def test_a_teacher_trains_with_a_faster_decoder_and_is_built_again(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = {"name": "efficientnet", "width": 8, "pretrained": True}
    options = options_for(data, tmp_path, network=network, head_rate=4.0, learning_rate=1e-3, steps=2)
    rates: dict[str, float] = {}
    real = segformer.GroupedTrainer.train

    def train(self: segformer.GroupedTrainer, **how: object) -> object:
        names = {parameter: name for name, parameter in self.model.named_parameters()}
        for group in self.optimizer.param_groups:
            rates.update({names[parameter]: group["lr"] for parameter in group["params"]})
        return real(self, **how)

    monkeypatch.setattr(segformer.GroupedTrainer, "train", train)
    last = segformer.train(options, max_minutes=0.0)
    segformer.train(options, resume=True)
    assert rates["encoder._conv_stem.weight"] == 1e-3
    assert rates["classifier.weight"] == 4e-3
    assert len(rates) == sum(1 for _ in build({**network, "labels": LABELS}).parameters())
    model, description = load_checkpoint(last)
    assert description["provenance"]["step"] == 2
    assert description["network"] == {**network, "labels": list(LABELS), "pretrained": False}
    assert model(torch.zeros(1, 3, 64, 64)).logits.shape == (1, 4, 16, 16)


def test_a_faster_decoder_and_muon_exclude_each_other(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'head_rate' is for AdamW"):
        segformer.train(options_for(data, tmp_path, head_rate=4.0, muon=2.0))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_can_be_built_again_without_the_hub(variant: str) -> None:
    with torch.device("meta"):
        model = build({"name": "segformer", "variant": variant, "labels": LABELS})
        spec = segformer.offline_spec({"pretrained": f"nvidia/mit-{variant}"}, model, LABELS)
        again = build(spec)
    assert spec["variant"] == variant
    shapes = [{name: value.shape for name, value in m.state_dict().items()} for m in (model, again)]
    assert shapes[0] == shapes[1]


def write_parquet(folder: Path, count: int) -> Path:
    """A data set as the hub keeps it: picture i is red by 20 i, its mask all i % 4."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    def packed(pictures: list[Image.Image]) -> list[dict[str, object]]:
        files = [io.BytesIO() for _ in pictures]
        for picture, file in zip(pictures, files, strict=True):
            picture.save(file, "PNG")
        return [{"bytes": file.getvalue(), "path": None} for file in files]

    kind = arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])
    images = [Image.new("RGB", (48, 32), (index * 20, 0, 0)) for index in range(count)]
    masks = [Image.fromarray(np.full((32, 48), index % 4, np.uint8)) for index in range(count)]
    table = arrow.table(
        {"image": arrow.array(packed(images), kind), "mask": arrow.array(packed(masks), kind)}
    )
    features = {name: {"_type": "Image"} for name in ("image", "mask")}
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    folder.mkdir()
    parquet.write_table(table, folder / "train.parquet")
    return folder


def test_hub_data_by_name(tmp_path: Path, data: Path) -> None:
    pytest.importorskip("datasets")
    item = HubSet(str(write_parquet(tmp_path / "hub", 8)), train=4, validation=3)
    training, validation = read_hub(item, LABELS, seed=1)
    assert (len(training), len(validation)) == (4, 3)
    seen = [samples[i] for samples in (training, validation) for i in range(len(samples))]
    reds = [int(sample.image[0, 0, 2]) for sample in seen]
    assert len(set(reds)) == 7  # nothing validates that is trained on
    assert [int(sample.codes[0, 0]) for sample in seen] == [red // 20 % 4 for red in reds]
    options = options_for(data, tmp_path, sets=[], hub=item, augmentation="none", steps=1)
    assert len(history(segformer.train(options).parent)) == 1

    with pytest.raises(UserError, match="has 8 pictures, but training and validation need 12"):
        read_hub(HubSet(item.name, train=9, validation=3), LABELS, 1)
    with pytest.raises(UserError, match="no column annotation; it has image, mask"):
        read_hub(HubSet(item.name, mask="annotation", validation=3), LABELS, 1)
    with pytest.raises(UserError, match="has a mask of other labels: value 3"):
        [training[i] for training, _ in [read_hub(item, LABELS[:3], 1)] for i in range(4)]


def test_hub_without_package_or_net(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UserError, match=r"needs the package 'datasets': pip install 'animirror\[hub\]'"):
        read_hub(HubSet("mattmdjaga/human_parsing_dataset"), LABELS, 1)
    monkeypatch.undo()
    pytest.importorskip("datasets")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"could not be loaded: .*Go online once"):
        read_hub(HubSet(str(tmp_path / "empty")), LABELS, 1)


def test_the_thesis_preset_has_its_labels_and_settings() -> None:
    options = load_options(SegformerOptions, PRESETS / "thesis-segformer.json")
    assert (options.learning_rate, options.batch, options.epochs, options.evaluate_every) == (6e-5, 2, 15, 20)
    assert options.hub == HubSet("mattmdjaga/human_parsing_dataset", train=1500, validation=300)
    labels = read_labels(PRESETS / "labels-atr.json")
    assert len(labels) == 18
    assert (labels[2], labels[11]) == ("Hair", "Face")
    assert head_regions(labels) == {"face": (3, 11), "hair": (2,)}


def test_label_sets_are_checked(tmp_path: Path) -> None:
    assert resolve_labels(SegformerOptions()) == CELEBAMASK_LABELS
    path = tmp_path / "labels.json"
    for content, message in (
        ('{"0": "a", "2": "b"}', r'must hold a list of names or \{"0": name'),
        ("[1, 2]", "must hold a list of names"),
        ('["a", "a"]', "must name 2 to 250 labels, each once"),
        ("{", "cannot be read"),
    ):
        path.write_text(content)
        with pytest.raises(UserError, match=message):
            resolve_labels(SegformerOptions(labels_file=str(path)))
    with pytest.raises(UserError, match="name labels and labels_file"):
        resolve_labels(SegformerOptions(labels=["a", "b"], labels_file=str(path)))
    with pytest.raises(UserError, match="both sets and a hub data set"):
        segformer.read_parts(SegformerOptions(sets=[MaskSet()], hub=HubSet("x")), LABELS)
    with pytest.raises(UserError, match="every set needs a name of its own"):
        segformer.read_parts(SegformerOptions(sets=[MaskSet("a"), MaskSet("a")]), LABELS)


def test_whole_pictures_by_hand() -> None:
    image = np.full((2, 4, 3), 255, np.uint8)
    codes = np.array([[0, 1, 2, 3], [3, 2, 1, 0]], np.uint8)
    data = WholePictures([[Sample(image, codes)]], size=4)
    view, shown = data.view(0)
    ignored = [IGNORED] * 4
    assert shown.tolist() == [ignored, [0, 1, 2, 3], [3, 2, 1, 0], ignored]
    assert view[0].max() == 0
    assert view[1:3].min() == 255
    item = data[0]
    assert item["labels"].dtype == torch.int64
    assert item["pixel_values"][:, 1, 0].tolist() == pytest.approx(
        [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    )


def test_color_jitter_changes_colours_and_nothing_else() -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    image[:, 4:] = (40, 120, 200)
    torch.manual_seed(3)
    changed = color_jittered(image)
    assert (changed[:, :4] == changed[0, 0]).all()
    assert (changed[:, 4:] == changed[0, 4]).all()
    assert (changed[0, 4] != image[0, 4]).any()


def test_overlays_by_hand(tmp_path: Path) -> None:
    colors = palette(LABELS, ["face"])
    assert colors.shape == (5, 3)
    assert colors[0].tolist() == [0, 0, 0]
    distances = np.abs(colors[:, None].astype(int) - colors[None].astype(int)).sum(-1) + 999 * np.eye(
        5, dtype=int
    )
    assert distances.min() > 100
    image = np.full((1, 3, 3), 100, np.uint8)
    tinted = overlay(image, np.array([[0, 1, IGNORED]]), colors)
    assert tinted[0, 0].tolist() == tinted[0, 2].tolist() == [100, 100, 100]
    assert tinted[0, 1].tolist() == pytest.approx(0.4 * 100 + 0.6 * colors[1], abs=0.51)
    black, codes = np.zeros((20, 20, 3), np.uint8), np.full((20, 20), 3)
    overlay_sheet([black], [codes], [codes * 0], LABELS, [], tmp_path / "a" / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "a" / "sheet.png"))
    assert sheet.shape == (80, 20 + 150, 3)  # the legend of four labels is higher than the pictures
    assert sheet[30, 10].tolist() == pytest.approx(0.6 * colors[3], abs=0.51)
    assert sheet[50, 10].tolist() == [0, 0, 0]
    assert sheet[4 + 3 * 18 + 8, 20 + 12].tolist() == colors[3].tolist()


def test_tables_hold_the_scores(tmp_path: Path) -> None:
    confusion = Confusion(LABELS)
    confusion.add(np.array([0, 0, 1, 3]), np.array([0, 1, 1, 3]))
    write_table(confusion.scores({"face": (1, 2)}), "a run, step 7", tmp_path / "labels")
    text = (tmp_path / "labels.md").read_text()
    assert "Mean IoU 0.667, accuracy 0.750." in text
    assert "| skin | 0.500 | 1.000 | 1 |" in text
    assert "| ears | - | - | 0 |" in text
    assert "| **face**, as a region | 0.500 | 1.000 | 1 |" in text
    assert (tmp_path / "labels.csv").read_text().splitlines()[1] == "background,0.50000,0.50000,2"


def test_parts_of_heads_are_the_labels_of_face_and_hair_and_the_group_face() -> None:
    assert segformer.head_codes(LABELS, ["face", "rest", "beside"]) == (1, 2, 3, 4)
    assert segformer.head_codes(("wall", "hair"), []) == (1,)


def test_small_heads_change_what_is_learnt(data: Path, tmp_path: Path) -> None:
    runs = {"alike": 1.0, "again": 1.0, "weighted": 4.0}
    alike, again, weighted = (
        load_tensors(segformer.train(options_for(data, tmp_path, name=name, small_heads=limit)))[0]
        for name, limit in runs.items()
    )
    assert all(torch.equal(alike[name], again[name]) for name in alike)
    assert any(not torch.equal(alike[name], weighted[name]) for name in alike)
