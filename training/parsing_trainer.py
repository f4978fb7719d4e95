"""The Hugging Face Trainer made ours: loss over groups of labels, scores, reports, best and last."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers import (
    EvalPrediction,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from animirror.training import parsing_report as report
from animirror.training.checkpoint import load_weights, read_description, save_checkpoint, save_tensors
from animirror.training.confusion import Confusion, Scores
from animirror.training.losses import grouped_cross_entropy, small_head_weights
from animirror.training.options import SegformerOptions
from animirror.training.options_file import dump_options
from animirror.training.parsing_views import WholePictures
from animirror.training.stopper import Stopper

# The decoder answers at a quarter of the side; comparing at half keeps edges at a quarter of the cost.
LOSS_STRIDE = 2
# The weights in a Trainer's checkpoint under the names that the network has in memory.
WEIGHTS = "weights.safetensors"


class GroupedTrainer(Trainer):
    """The HF Trainer with the loss over labels and groups of labels."""

    groups: list[tuple[int, ...]]
    # The codes that are parts of heads; pictures with small ones count up to so many times more.
    heads: tuple[int, ...] = ()
    small_heads: float = 1.0

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, torch.Tensor | Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        outputs = model(pixel_values=inputs["pixel_values"])
        codes = inputs["labels"][:, ::LOSS_STRIDE, ::LOSS_STRIDE]
        weights = None
        if self.small_heads > 1:
            weights = small_head_weights(codes, self.heads, self.small_heads)
        loss = grouped_cross_entropy(outputs.logits.float(), codes, self.groups, weights)
        return (loss, outputs) if return_outputs else loss

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        own: Any = self.model
        save_tensors(Path(output_dir or str(self.args.output_dir)) / WEIGHTS, own.state_dict(), {})

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        """transformers 5 saves SegFormer under its older names and, resuming, finds none of them again."""
        own: Any = model or self.model
        load_weights(own, Path(resume_from_checkpoint) / WEIGHTS)


class Judge:
    """Counts the validation batches of one evaluation, as the Trainer's compute_metrics."""

    def __init__(
        self, labels: Sequence[str], groups: Sequence[Sequence[int]], regions: dict[str, tuple[int, ...]]
    ) -> None:
        self._labels, self._groups, self._regions = labels, groups, regions
        self._confusion = Confusion(labels, groups)
        self.scores = self._confusion.scores(regions)

    def __call__(self, batch: EvalPrediction, compute_result: bool = False) -> dict[str, float]:
        """Count a batch (labels predicted and codes, int [N, S, S]); the overall scores after the last."""
        # With batch_eval_metrics these are tensors, whatever EvalPrediction's annotations say.
        codes, predicted = (
            torch.as_tensor(array).cpu().numpy() for array in (batch.label_ids, batch.predictions)
        )
        self._confusion.add(codes, predicted)
        if not compute_result:
            return {}
        self.scores = self._confusion.scores(self._regions)
        self._confusion = Confusion(self._labels, self._groups)
        numbers = {"mean_iou": self.scores.mean_iou, "accuracy": self.scores.accuracy}
        numbers |= {f"{region.name}_iou": region.iou for region in self.scores.regions}
        return {name: value for name, value in numbers.items() if value is not None}


def predicted_labels(logits: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """float [N, L, s, s] -> int64 [N, S, S]: the likeliest label at the resolution of the codes."""
    resized = F.interpolate(logits.float(), size=codes.shape[-2:], mode="bilinear", align_corners=False)
    return resized.argmax(dim=1)


class Obedient(TrainerCallback):
    """Saves and stops after the step in which the stopper was asked to."""

    def __init__(self, stopper: Stopper) -> None:
        self._stopper = stopper

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        if self._stopper.asked:
            control.should_save = True
            control.should_training_stop = True
        return control


@dataclass
class RunFolder:
    """Where a run's results go, and how its checkpoints are described."""

    path: Path
    options: SegformerOptions
    spec: dict[str, Any]
    hours_before: float = 0.0
    start: float = field(default_factory=time.monotonic)

    def save(
        self, name: str, model: nn.Module, state: TrainerState, device: str, scores: Scores | None
    ) -> None:
        """Write our own checkpoint (safetensors and JSON) beside those of the Trainer."""
        description = {
            "task": "segmentation",
            "network": self.spec,
            "size": self.options.size,
            "labels": list(self.spec["labels"]),
            "provenance": {
                "command": "animirror train segformer",
                "options": json.loads(dump_options(self.options)),
                "step": state.global_step,
                "epochs": round(state.epoch or 0.0, 3),
                "hours": round(self.hours_before + (time.monotonic() - self.start) / 3600, 3),
                "device": device,
                "seed": self.options.seed,
            },
        }
        if scores is not None:
            description["validation"] = {
                "mean_iou": scores.mean_iou,
                "accuracy": scores.accuracy,
                "iou": {score.name: score.iou for score in (*scores.labels, *scores.regions)},
            }
        save_checkpoint(self.path / f"{name}.safetensors", model, description)


class Exporter(TrainerCallback):
    """Keeps last.safetensors as new as the Trainer's own checkpoint."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._folder.save("last", kwargs["model"], state, str(args.device), None)


class Reporter(TrainerCallback):
    """After every evaluation: history, table, curves and overlays, and best.safetensors where it is best."""

    def __init__(
        self, folder: RunFolder, judge: Judge, validation: WholePictures, groups: Sequence[str]
    ) -> None:
        self._folder, self._judge, self._validation, self._groups = folder, judge, validation, groups
        self._rows: list[report.Row] = []
        self._best: float | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """A resumed run goes on with the history up to its checkpoint, and with the best score so far."""
        if state.global_step == 0:
            return
        rows = report.read_history(self._folder.path / report.HISTORY)
        self._rows = [row for row in rows if int(row["step"]) <= state.global_step]
        best = self._folder.path / "best.safetensors"
        if best.is_file():
            self._best = read_description(best)["validation"]["mean_iou"]

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        path, scores, step = self._folder.path, self._judge.scores, state.global_step
        loss = float(kwargs["metrics"]["eval_loss"])
        self._rows.append(report.history_row(step, state.epoch or 0.0, loss, scores))
        report.write_history(self._rows, path / report.HISTORY)
        report.write_table(scores, f"{self._folder.options.name}, step {step}", path / report.TABLE)
        report.plot_curves(self._rows, [region.name for region in scores.regions], path / report.CURVES)
        self._overlays(kwargs["model"], path / "samples" / f"{step:06d}.png")
        if scores.mean_iou is not None and (self._best is None or scores.mean_iou > self._best):
            self._best = scores.mean_iou
            self._folder.save("best", kwargs["model"], state, str(args.device), scores)

    @torch.no_grad()
    def _overlays(self, model: nn.Module, path: Path) -> None:
        """The same validation pictures every time, spread over all sets."""
        count = min(self._folder.options.samples, len(self._validation))
        chosen = [int(place) for place in np.linspace(0, len(self._validation) - 1, count)]
        views = [self._validation.view(place) for place in chosen]
        device, predictions = next(model.parameters()).device, []
        training = model.training
        model.eval()
        for place in chosen:
            item = self._validation[place]
            logits = model(pixel_values=item["pixel_values"][None].to(device)).logits
            predictions.append(predicted_labels(logits, item["labels"][None])[0].cpu().numpy())
        model.train(training)
        images, truths = zip(*views, strict=True)
        report.overlay_sheet(images, truths, predictions, self._folder.spec["labels"], self._groups, path)
