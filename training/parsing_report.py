"""Reports of a segmenter's training: history as CSV, table per label, curves, coloured overlays."""

from __future__ import annotations

import colorsys
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from animirror.training.confusion import Scores

HISTORY, TABLE, CURVES = "evaluations.csv", "labels", "curves.png"
# How much of an overlay is colour.
TINT = 0.6
# Hues a golden angle apart never come close, however many there are.
GOLDEN_ANGLE = 0.618034
LEGEND_WIDTH, LEGEND_ROW = 150, 18
BACKGROUND = "background"

Row = dict[str, str]


def read_history(path: Path) -> list[Row]:
    """All evaluations so far, one row each; none where there is no file yet."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def history_row(step: int, epoch: float, loss: float, scores: Scores) -> Row:
    """One evaluation as a row: the overall scores, those of the regions, IoU and accuracy of every label."""
    row = {"step": str(step), "epoch": f"{epoch:.3f}", "loss": f"{loss:.5f}"}
    row |= {"mean_iou": _number(scores.mean_iou), "accuracy": _number(scores.accuracy)}
    for region in scores.regions:
        row[f"{region.name}_iou"] = _number(region.iou)
        row[f"{region.name}_accuracy"] = _number(region.accuracy)
    for label in scores.labels:
        row[f"iou of {label.name}"] = _number(label.iou)
        row[f"accuracy of {label.name}"] = _number(label.accuracy)
    return row


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.5f}"


def write_history(rows: Sequence[Row], path: Path) -> None:
    """Write all rows anew, beside and renamed."""
    _write_csv(path, list(rows[0]), [list(row.values()) for row in rows])


def write_table(scores: Scores, title: str, path: Path) -> None:
    """The scores of every label as ``path``.md and ``path``.csv; "-" and empty where nothing can be told."""
    header = ["label", "IoU", "accuracy", "pixels"]
    every = [*scores.labels, *scores.regions]
    rows = [[s.name, _number(s.iou), _number(s.accuracy), str(s.pixels)] for s in every]
    _write_csv(path.with_suffix(".csv"), header, rows)
    lines = [f"# {title}", "", f"Mean IoU {_short(scores.mean_iou)}, accuracy {_short(scores.accuracy)}.", ""]
    lines += ["| label | IoU | accuracy | pixels |", "|---|---:|---:|---:|"]
    for index, score in enumerate(every):
        name = score.name if index < len(scores.labels) else f"**{score.name}**, as a region"
        lines.append(f"| {name} | {_short(score.iou)} | {_short(score.accuracy)} | {score.pixels} |")
    _write_text(path.with_suffix(".md"), "\n".join(lines) + "\n")


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    partial = path.with_suffix(".tmp")
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    partial.replace(path)


def _write_text(path: Path, text: str) -> None:
    partial = path.with_suffix(".tmp")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def plot_curves(rows: Sequence[Row], regions: Sequence[str], path: Path) -> None:
    """IoU and accuracy of the regions, mean IoU and loss against the steps, as one PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    for name in regions:
        _curve(left, rows, f"{name}_iou", name)
        _curve(middle, rows, f"{name}_accuracy", name)
    _curve(left, rows, "mean_iou", "mean of labels", "--")
    _curve(middle, rows, "accuracy", "all pixels", "--")
    _curve(right, rows, "loss", "loss")
    for axes, title in ((left, "IoU"), (middle, "accuracy"), (right, "loss")):
        axes.set(title=f"{title} on validation pictures", xlabel="step")
        axes.grid(alpha=0.3)
        axes.legend()
    partial = path.with_suffix(".tmp")
    figure.savefig(partial, dpi=90, format="png")
    partial.replace(path)


def _curve(axes: Any, rows: Sequence[Row], column: str, label: str, style: str = "-") -> None:
    points = [(int(row["step"]), float(row[column])) for row in rows if row.get(column)]
    if points:
        axes.plot(*zip(*points, strict=True), style, label=label, marker="o" if len(points) == 1 else None)


def palette(labels: Sequence[str], groups: Sequence[str] = ()) -> NDArray[np.uint8]:
    """uint8 [L + groups, 3] BGR: a colour for every code, far apart; black for the background."""
    colors = []
    for index, label in enumerate([*labels, *groups]):
        value = 0.0 if label.lower() == BACKGROUND else (1.0, 0.75)[index % 2]
        red, green, blue = colorsys.hsv_to_rgb(index * GOLDEN_ANGLE % 1.0, 0.75, value)
        colors.append((round(255 * blue), round(255 * green), round(255 * red)))
    return np.array(colors, np.uint8)


def overlay(
    image: NDArray[np.uint8], codes: NDArray[np.integer], colors: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """The picture (uint8 [S, S, 3] BGR) tinted by its codes; as it is where they are negative or black."""
    tint = colors[np.maximum(codes, 0)].astype(np.float32)
    share = TINT * ((codes >= 0) & tint.any(axis=-1))[..., None]
    return np.asarray(np.rint(image * (1 - share) + tint * share), np.uint8)


def overlay_sheet(
    images: Sequence[NDArray[np.uint8]],
    truths: Sequence[NDArray[np.integer]],
    predictions: Sequence[NDArray[np.integer]],
    labels: Sequence[str],
    groups: Sequence[str],
    path: Path,
) -> None:
    """A PNG with a column per picture (photo, truth, prediction) and the colours' legend at the right."""
    colors = palette(labels, groups)
    columns = [
        np.vstack([image, overlay(image, truth, colors), overlay(image, predicted, colors)])
        for image, truth, predicted in zip(images, truths, predictions, strict=True)
    ]
    names = [*labels, *(f"{group} (any part)" for group in groups)]
    pictures = np.hstack(columns)
    key = _legend(names, colors)
    height = max(len(pictures), len(key))
    sheet = np.hstack([_padded(pictures, height), _padded(key, height)])
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}")
    if not cv2.imwrite(str(partial), sheet):
        raise OSError(f"{partial} cannot be written")
    partial.replace(path)


def _legend(names: Sequence[str], colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Squares of colour with their names, one below the other: uint8 [H, LEGEND_WIDTH, 3] BGR."""
    picture = Image.new("RGB", (LEGEND_WIDTH, LEGEND_ROW * len(names) + 8), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(12)
    for index, (name, color) in enumerate(zip(names, colors, strict=True)):
        top = 4 + index * LEGEND_ROW
        blue, green, red = (int(value) for value in color)
        pen.rectangle((6, top + 2, 18, top + 14), fill=(red, green, blue), outline="black")
        pen.text((24, top), name, fill="black", font=font)
    return np.ascontiguousarray(np.asarray(picture)[..., ::-1])


def _padded(picture: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    missing = height - len(picture)
    return np.asarray(cv2.copyMakeBorder(picture, 0, missing, 0, 0, cv2.BORDER_CONSTANT, value=(255,) * 3))
