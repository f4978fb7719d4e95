"""After each epoch: losses written down and plotted, pictures drawn, the epoch judged, troubles told."""

from __future__ import annotations

import logging
import statistics
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter

from animirror.realtime.errors import UserError
from animirror.training.features import DISTANCES, Extractor, load_extractor
from animirror.training.gan import GanTraining
from animirror.training.history import LOSSES, SCORES, WARNINGS, Row, Table, column
from animirror.training.metrics import frechet_distance, kernel_distance, variety
from animirror.training.options import CycleganOptions
from animirror.training.plots import Curve, plot
from animirror.training.samples import translate, validation_drawings, validation_photos, write_rows
from animirror.training.splits import Splits
from animirror.training.state import Progress

log = logging.getLogger(__name__)

# The thesis calls a run failed when its FID has not improved for so many epochs.
STALE_EPOCHS = 50
# Drawings of different people that differ less than this share of what real drawings differ by are all one
# drawing; a working generator reaches 0.5 and more.
COLLAPSED = 0.15
# Losses of a healthy run fall or wander; one at five times the median of all rows before runs away.
EXPLODED, ROWS_TO_KNOW = 5.0, 3

GENERATOR_LOSSES = (
    "gan",
    "cycle",
    "identity",
    "l1",
    "gradients",
    "tones",
    "strokes",
    "features",
    "color",
    "equivariance",
)
JUDGE_LOSSES = ("judge_drawings", "judge_photos")
PLOT = "losses.png"


class Monitor:
    """The tables, plots, sheets and scores of one run; only the main process has one to write.

    ``progress``: where the run goes on; what its tables say of later steps is forgotten.
    """

    def __init__(
        self,
        folder: Path,
        options: CycleganOptions,
        splits: Splits | None,
        gan: GanTraining,
        progress: Progress,
        per_epoch: int,
    ) -> None:
        self._folder, self._options, self._gan, self._per_epoch = folder, options, gan, per_epoch
        self._is_main = gan.processes.is_main
        if not self._is_main:
            return
        self._losses = Table(folder / LOSSES, progress.step)
        self._scores = Table(folder / SCORES, progress.step)
        self._warnings = Table(folder / WARNINGS, progress.step)
        self._board: Any = SummaryWriter(str(folder / "tensorboard"), purge_step=progress.step + 1)
        self._judge: Judge | None = None
        self._take_pictures(splits)

    def _take_pictures(self, splits: Splits | None) -> None:
        """Choose the pictures that are shown and judged after each epoch."""
        options = self._options
        self._photos = validation_photos(options, splits, options.samples)
        self._drawings = validation_drawings(options, splits, options.samples)
        if options.score != "none":
            photos = validation_photos(options, splits, options.score_pictures)
            drawings = validation_drawings(options, splits, options.score_pictures)
            self._judge = Judge(photos, drawings, options.score, self._gan.device)

    def log(self, progress: Progress) -> None:
        """Write down the losses since the last time."""
        means = progress.take_means()
        if not self._is_main:
            return
        rounded = {name: round(value, 5) for name, value in means.items()}
        rate = round(self._gan.learning_rate, 9)
        row: Row = {"step": progress.step, "seconds": round(progress.seconds, 1), "learning_rate": rate}
        row.update(rounded)
        self._losses.append(row)
        for name, value in means.items():
            self._board.add_scalar(f"loss/{name}", value, progress.step)
        self._board.add_scalar("learning_rate", rate, progress.step)
        if exploded(column(self._losses.rows, "generator")[1]):
            self._warn(progress, "the generators' loss explodes: a lower learning_rate may help")

    def judge(self, progress: Progress) -> tuple[dict[str, float], bool]:
        """Score the epoch, where it is time to; its scores (none: {}) and whether they are the best so far.

        All processes get the main one's scores and keep them in ``progress``.
        """
        epoch = progress.step // self._per_epoch
        if self._options.score == "none" or epoch % self._options.score_every:
            return {}, False
        judge = self._judge if self._is_main else None
        found = (judge(self._gan), judge.source) if judge else ({}, "")
        scores, judged_by = self._gan.processes.from_main(found)
        if progress.judged_by not in ("", judged_by):
            # Such as when a resumed run can have Inception's weights: what was best says nothing any more.
            progress.best_score = self._gan.plateau.best = None
        progress.judged_by = judged_by
        score = next(iter(scores.values()))
        best = progress.best_score is None or score < progress.best_score
        if best:
            progress.best_score, progress.best_epoch = score, epoch
        if self._options.schedule == "plateau":
            self._gan.plateau.update(score, self._options.plateau_patience)
            progress.plateau = asdict(self._gan.plateau)
        if self._is_main:
            self._write_scores(progress, epoch, scores)
        return scores, best

    def _write_scores(self, progress: Progress, epoch: int, scores: dict[str, float]) -> None:
        row: Row = {"step": progress.step, "epoch": epoch, **scores, "features": progress.judged_by}
        self._scores.append(row)
        for name, value in scores.items():
            self._board.add_scalar(f"score/{name}", value, progress.step)
        if stale(epoch, progress.best_epoch, self._options.score_every):
            name, since = next(iter(scores)), progress.best_epoch
            text = f"{name} has not improved since epoch {since}; the thesis calls a run failed after"
            self._warn(progress, f"{text} {STALE_EPOCHS} such epochs")

    def show(self, progress: Progress) -> None:
        """Draw the sample sheet and the curves."""
        if not self._is_main:
            return
        drawn = translate(self._gan.result, self._photos)
        write_rows(self._rows(drawn), self._folder / "samples" / f"{progress.step:06d}.png")
        if collapsed(variety(drawn), variety(self._drawings)):
            self._warn(progress, "the drawings are all alike (mode collapse): start again with another seed")
        plot(curves(self._losses, self._scores, progress.best_epoch), self._folder / PLOT)
        self._board.flush()

    def _rows(self, drawn: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """Of the sample sheet: photo, drawing, photo again; drawing, photo, drawing again."""
        draw, undraw = self._gan.result, self._gan.modules()["undraw"]
        undrawn = translate(undraw, self._drawings)
        there_and_back = [self._photos, drawn, translate(undraw, drawn)]
        return [*there_and_back, self._drawings, undrawn, translate(draw, undrawn)]

    def tell(self, progress: Progress, scores: dict[str, float], best: bool) -> None:
        """One line about the epoch for whoever watches."""
        if not self._is_main:
            return
        epoch = progress.step // self._per_epoch
        numbers = {"generator": column(self._losses.rows, "generator")[1][-1]} | scores
        line = ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())
        mark = " (best so far)" if best else ""
        log.info("epoch %d of %d: %s%s", epoch, self._options.epochs, line, mark)

    def _warn(self, progress: Progress, text: str) -> None:
        log.warning("%s, step %d: %s", self._folder.name, progress.step, text)
        self._warnings.append({"step": progress.step, "warning": text})


class Judge:
    """Scores a generator by what it makes of validation photos, against validation drawings.

    Both uint8 [N, S, S, 3] BGR; ``score``: the option. Raises UserError where there are too few of them, or
    no features can be had.
    """

    def __init__(
        self, photos: NDArray[np.uint8], drawings: NDArray[np.uint8], score: str, device: torch.device
    ) -> None:
        self._photos = photos
        if min(len(self._photos), len(drawings)) < 2:
            raise UserError(
                f"A score needs at least two validation pictures of each domain, not {len(self._photos)} and "
                f"{len(drawings)}; keep more apart ('splits'), or set the option 'score' to 'none'."
            )
        self._extractor: Extractor = load_extractor(score, device)
        self._wanted = self._extractor(drawings)

    @property
    def source(self) -> str:
        """What the features are taken from: scores are comparable where it is the same."""
        return self._extractor.source

    def __call__(self, gan: GanTraining) -> dict[str, float]:
        """The Fréchet distance, which counts, and the kernel distance, by their names for these features."""
        found = self._extractor(translate(gan.result, self._photos))
        return {
            self._extractor.frechet: round(frechet_distance(found, self._wanted), 5),
            self._extractor.kernel: round(kernel_distance(found, self._wanted), 6),
        }


def exploded(losses: Sequence[float]) -> bool:
    """Whether the last loss is EXPLODED times the median of those before it."""
    before = losses[:-1]
    return len(before) >= ROWS_TO_KNOW and losses[-1] > EXPLODED * statistics.median(before)


def collapsed(found: float, wanted: float) -> bool:
    """Whether drawings of variety ``found`` are all alike, where real ones have the variety ``wanted``."""
    return found < COLLAPSED * wanted


def stale(epoch: int, best_epoch: int, every: int = 1) -> bool:
    """Whether with this epoch, scored each ``every``, another STALE_EPOCHS have brought no better score."""
    waited = epoch - best_epoch
    return waited // STALE_EPOCHS > max(0, waited - every) // STALE_EPOCHS


def curves(losses: Table, scores: Table, best_epoch: int) -> dict[str, dict[str, Curve]]:
    """Every loss and score of a run in panels, the best epoch marked."""
    best = {row["step"] for row in scores.rows if row.get("epoch") == best_epoch}
    mark = next((step for step in best if isinstance(step, int | float)), None)

    def panel(table: Table, names: Sequence[str], mark: float | None = None) -> dict[str, Curve]:
        found = {name: column(table.rows, name) for name in names}
        return {name: Curve(x, y, mark) for name, (x, y) in found.items() if y}

    return {
        "generators, unweighted": panel(losses, GENERATOR_LOSSES),
        "generators, weighted sum": panel(losses, ["generator"]),
        "judges": panel(losses, JUDGE_LOSSES),
        **{name: panel(scores, [name], mark) for name in DISTANCES},
        "learning rate": panel(losses, ["learning_rate"]),
    }
