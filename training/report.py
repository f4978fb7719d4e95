"""Runs side by side: best and last scores by options and data, curves overlaid, the same pictures drawn.

animirror report runs/thesis-low runs/thesis-default -o report
"""

from __future__ import annotations

import dataclasses
import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animirror.realtime.errors import UserError
from animirror.training.checkpoint import load_checkpoint
from animirror.training.features import DISTANCES
from animirror.training.history import LOSSES, SCORES, WARNINGS, Row, column, read_table
from animirror.training.monitor import GENERATOR_LOSSES, JUDGE_LOSSES
from animirror.training.options import CycleganOptions
from animirror.training.options_file import parse_options
from animirror.training.plots import Curve, plot
from animirror.training.png import write_png
from animirror.training.samples import translate, validation_photos
from animirror.training.splits import read_splits
from animirror.training.state import BEST, LAST, OPTIONS

REPORT, CURVES, SAMPLES = "report.md", "curves.png", "samples.png"
# Side of a picture and width of a run's name on the sheet, px, and how many pictures.
CELL, LABEL_WIDTH, SAMPLE_COUNT = 128, 160, 8
NOTHING = "–"


@dataclass(frozen=True)
class Score:
    """One epoch's value of a distance."""

    name: str
    value: float
    epoch: int
    features: str

    def __str__(self) -> str:
        return f"{self.value:.4g} (epoch {self.epoch})"


@dataclass(frozen=True)
class Run:
    """What a run's folder tells."""

    folder: Path
    options: dict[str, Any]
    losses: list[Row]
    scores: list[Row]
    warnings: list[Row]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def data(self) -> str:
        """The sets of each domain: "selfies -> anime"."""
        domains = [self.options.get(key) or [] for key in ("photos", "drawings")]
        named = [", ".join(item.get("name") or item["images"] for item in sets) for sets in domains]
        return " -> ".join(name for name in named if name) or NOTHING

    @property
    def weights(self) -> str:
        """The weights of the losses that count: "gan 1, cycle 10, identity 5"."""
        prefix = "lambda_"
        weights = {k.removeprefix(prefix): v for k, v in self.options.items() if k.startswith(prefix)}
        return ", ".join(f"{name} {value:g}" for name, value in weights.items() if value) or NOTHING

    @property
    def judged_by(self) -> str | None:
        """The distance that its epochs are judged by, None where there is none."""
        return next((name for name in DISTANCES if any(name in row for row in self.scores)), None)

    def best(self) -> Score | None:
        """The epoch with the lowest distance."""
        found = self._scores()
        return min(found, key=lambda score: score.value) if found else None

    def last(self) -> Score | None:
        found = self._scores()
        return found[-1] if found else None

    def _scores(self) -> list[Score]:
        name = self.judged_by
        if name is None:
            return []
        return [
            Score(name, float(row[name]), int(row.get("epoch", 0)), str(row.get("features", "")))
            for row in self.scores
            if name in row
        ]


def read_run(folder: Path) -> Run:
    """Raises UserError where the folder is no run's."""
    try:
        options = json.loads((folder / OPTIONS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{folder} is no run of a training: {folder / OPTIONS} cannot be read.") from error
    tables = [read_table(folder / name) for name in (LOSSES, SCORES, WARNINGS)]
    return Run(folder, options, *tables)


def report(folders: Sequence[Path], target: Path) -> list[Run]:
    """Write report.md, curves.png and samples.png about the runs into ``target``. Raises UserError."""
    runs = [read_run(folder) for folder in folders]
    target.mkdir(parents=True, exist_ok=True)
    plot(overlaid(runs), target / CURVES)
    sheet = sample_sheet(runs)
    if sheet is not None:
        write_png(target / SAMPLES, sheet)
    beside = target / "report.tmp"
    beside.write_text(markdown(runs, sheet is not None), encoding="utf-8")
    beside.replace(target / REPORT)
    return runs


def markdown(runs: Sequence[Run], with_samples: bool) -> str:
    """The report's text."""
    parts = ["# Training runs", runs_table(runs)]
    for name in DISTANCES:
        judged = [run for run in runs if run.judged_by == name]
        if judged:
            parts += [f"## Best {name} by data and weights of the losses", score_table(judged)]
            sources = sorted({score.features for run in judged if (score := run.best())})
            parts.append(
                f"Lower is better. Features: {', '.join(sources)}."
                + (" Scores on different features cannot be compared." if len(sources) > 1 else "")
            )
    if len(runs) > 1:
        parts += ["## Options that differ", options_table(runs)]
    troubles = [f"- {run.name}, step {row['step']}: {row['warning']}" for run in runs for row in run.warnings]
    if troubles:
        parts += ["## Troubles", "\n".join(troubles)]
    parts += ["## Curves", f"![curves]({CURVES})"]
    if with_samples:
        parts += ["## The same photos, drawn by each run's best epoch", f"![samples]({SAMPLES})"]
    return "\n\n".join(parts) + "\n"


def runs_table(runs: Sequence[Run]) -> str:
    rows = []
    for run in runs:
        best, last = run.best(), run.last()
        steps, seconds = column(run.losses, "seconds")
        length = [f"{steps[-1]:g}", f"{seconds[-1] / 3600:.2f}"] if steps else [NOTHING, NOTHING]
        scores = [run.judged_by or NOTHING, str(best or NOTHING), str(last or NOTHING)]
        rows.append([run.name, run.data, run.weights, *scores, *length])
    return _table(["run", "data", "weights", "judged by", "best", "last", "steps", "hours"], rows)


def score_table(runs: Sequence[Run]) -> str:
    """The thesis's table: a row for each data, a column for each weighting, the best score in the cell."""
    weightings = list(dict.fromkeys(run.weights for run in runs))
    rows = []
    for data in dict.fromkeys(run.data for run in runs):
        cells = []
        for weights in weightings:
            found = [run.best() for run in runs if (run.data, run.weights) == (data, weights)]
            values = [score.value for score in found if score is not None]
            cells.append(f"{min(values):.4g}" if values else NOTHING)
        rows.append([data, *cells])
    return _table(["data", *weightings], rows)


def options_table(runs: Sequence[Run]) -> str:
    names = dict.fromkeys(name for run in runs for name in run.options)
    rows = []
    for name in names:
        values = [json.dumps(run.options[name]) if name in run.options else NOTHING for run in runs]
        if name != "name" and len(set(values)) > 1:
            rows.append([name, *values])
    return _table(["option", *(run.name for run in runs)], rows) if rows else "None."


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def overlaid(runs: Sequence[Run]) -> dict[str, dict[str, Curve]]:
    """A panel for each loss and score with a curve for each run, its best epoch marked."""
    panels: dict[str, dict[str, Curve]] = {}
    for name in (*DISTANCES, "generator", *GENERATOR_LOSSES, *JUDGE_LOSSES):
        for run in runs:
            x, y = column(run.scores if name in DISTANCES else run.losses, name)
            mark = x[y.index(min(y))] if y and name == run.judged_by else None
            panels.setdefault(name, {})[run.name] = Curve(x, y, mark)
    return panels


def sample_sheet(runs: Sequence[Run]) -> NDArray[np.uint8] | None:
    """The first run's validation photos, and below what each run's best (or else last) generator draws.

    uint8 [rows * CELL, LABEL_WIDTH + pictures * CELL, 3] BGR. None where no run has a generator yet.
    """
    drawing = [(run, path) for run in runs if (path := _checkpoint(run)) is not None]
    if not drawing:
        return None
    options = _cyclegan_options(drawing[0][0])
    rows = [("photos", _photos(options, options.size))]
    for run, path in drawing:
        network, description = load_checkpoint(path)
        epoch = description["provenance"].get("epochs", 0)
        drawn = translate(network, _photos(options, int(description["size"])))
        rows.append((f"{run.name}\nepoch {epoch:g}", drawn))
    return np.vstack([np.hstack([_label(text), *map(_fit, pictures)]) for text, pictures in rows])


def _checkpoint(run: Run) -> Path | None:
    """The generator to show; None where the run has none."""
    for name in (BEST, LAST):
        path = run.folder / name
        if path.exists() and "photos" in run.options:
            return path
    return None


def _cyclegan_options(run: Run) -> CycleganOptions:
    """As much of a run's options as tells where its photos are."""
    known = {item.name for item in dataclasses.fields(CycleganOptions)}
    told = {key: value for key, value in run.options.items() if key in known}
    return parse_options(CycleganOptions, told, str(run.folder / OPTIONS))


def _photos(options: CycleganOptions, size: int) -> NDArray[np.uint8]:
    splits = read_splits(Path(options.splits)) if options.splits else None
    return validation_photos(dataclasses.replace(options, size=size, resize=0), splits, SAMPLE_COUNT)


def _fit(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    method = cv2.INTER_AREA if picture.shape[0] > CELL else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (CELL, CELL), interpolation=method), np.uint8)


def _label(text: str) -> NDArray[np.uint8]:
    label = np.full((CELL, LABEL_WIDTH, 3), 255, np.uint8)
    for index, line in enumerate(text.split("\n")):
        # Long names are made narrower rather than cut.
        (width, _), _ = cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
        scale = 0.5 * min(1.0, (LABEL_WIDTH - 16) / max(1, width))
        place = (8, CELL // 2 + 20 * index)
        cv2.putText(label, line, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), 1, cv2.LINE_AA)
    return label


def run(arguments: Namespace) -> int:
    """`animirror report RUN... [-o FOLDER] [--json]`."""
    target = Path(arguments.output)
    runs = report([Path(folder) for folder in arguments.runs], target)
    if arguments.json:
        summaries = [
            {"run": run.name, "data": run.data, "weights": run.weights}
            | {which: dataclasses.asdict(score) if score else None for which, score in _both(run).items()}
            for run in runs
        ]
        sys.stdout.write(json.dumps(summaries, indent=2) + "\n")
    else:
        for run in runs:
            best, last = (str(score or NOTHING) for score in _both(run).values())
            sys.stdout.write(f"{run.name}: {run.judged_by or 'not judged'}, best {best}, last {last}\n")
        sys.stdout.write(f"written: {target / REPORT}\n")
    return 0


def _both(run: Run) -> dict[str, Score | None]:
    return {"best": run.best(), "last": run.last()}
