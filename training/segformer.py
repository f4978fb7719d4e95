"""Training of the segmenter: SegFormer through the Hugging Face Trainer.

animirror train segformer training/presets/segformer-faces-1.json --max-minutes 60
"""

from __future__ import annotations

import json
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from animirror.realtime.regions import CELEBAMASK_LABELS
from animirror.training.checkpoint import load_weights, save_checkpoint
from animirror.training.losses import grouped_cross_entropy
from animirror.training.networks import build
from animirror.training.options import SegformerOptions, dump_options, load_options
from animirror.training.parsing_data import GROUPS, WebcamDataset, group_members, read_set
from animirror.training.splits import read_splits

# The decoder answers at a quarter of the side; comparing at half keeps edges at a quarter of the cost.
LOSS_STRIDE = 2


class GroupedTrainer(Trainer):
    """The HF Trainer with the loss over labels and groups of labels."""

    groups: list[tuple[int, ...]]

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, torch.Tensor | Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        outputs = model(pixel_values=inputs["pixel_values"])
        codes = inputs["labels"][:, ::LOSS_STRIDE, ::LOSS_STRIDE]
        loss = grouped_cross_entropy(outputs.logits.float(), codes, self.groups)
        return (loss, outputs) if return_outputs else loss


class Deadline(TrainerCallback):
    """Saves and stops when the minutes given are over."""

    def __init__(self, minutes: float | None) -> None:
        self._end = None if minutes is None else time.monotonic() + 60 * minutes

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        if self._end is not None and time.monotonic() > self._end:
            control.should_save = True
            control.should_training_stop = True
        return control


class Exporter(TrainerCallback):
    """Writes our own checkpoint (safetensors and JSON) beside each of the Trainer's."""

    def __init__(self, folder: Path, options: SegformerOptions, spec: dict[str, Any]) -> None:
        self._folder, self._options, self._spec = folder, options, spec
        self._start = time.monotonic()

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        save_checkpoint(
            self._folder / "last.safetensors",
            kwargs["model"],
            {
                "task": "segmentation",
                "network": self._spec,
                "size": self._options.size,
                "labels": list(self._spec["labels"]),
                "provenance": {
                    "command": "animirror train segformer",
                    "options": json.loads(dump_options(self._options)),
                    "step": state.global_step,
                    "epochs": round(state.epoch or 0.0, 3),
                    "hours": round((time.monotonic() - self._start) / 3600, 3),
                    "device": str(args.device),
                    "seed": self._options.seed,
                },
            },
        )


def training_data(options: SegformerOptions, labels: tuple[str, ...]) -> Dataset[dict[str, torch.Tensor]]:
    """The augmented training part of all sets of the options."""
    root, splits = Path(options.data_root), read_splits(Path(options.splits))
    sets = [(read_set(root, item, splits, labels, validation=False), item.weight) for item in options.sets]
    return WebcamDataset(sets, labels, options.size, options.steps * options.batch, options.seed)


def train(options: SegformerOptions, resume: bool = False, max_minutes: float | None = None) -> Path:
    """Train, and return the checkpoint's path. Resumes from the run's own folder if asked to."""
    labels = tuple(options.labels) or CELEBAMASK_LABELS
    folder = Path(options.runs) / options.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "options.json").write_text(dump_options(options), encoding="utf-8")
    torch.manual_seed(options.seed)
    np.random.seed(options.seed)
    spec = {**options.network, "labels": list(labels)}
    model = build(spec)
    if options.init:
        load_weights(model, Path(options.init))
    trainer = GroupedTrainer(
        model=model.to(memory_format=torch.channels_last),
        args=_trainer_arguments(options, folder),
        train_dataset=training_data(options, labels),
        callbacks=[Deadline(max_minutes), Exporter(folder, options, spec)],
    )
    members = group_members(labels)
    trainer.groups = [members[name] for name in GROUPS]
    trainer.train(resume_from_checkpoint=resume or None)
    return folder / "last.safetensors"


def _trainer_arguments(options: SegformerOptions, folder: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder / "trainer"),
        max_steps=options.steps,
        per_device_train_batch_size=options.batch,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        warmup_steps=options.warmup,
        lr_scheduler_type=options.schedule,
        bf16=options.bf16,
        use_cpu=not torch.cuda.is_available(),
        dataloader_num_workers=options.workers,
        dataloader_drop_last=True,
        save_steps=options.save_every,
        save_total_limit=1,
        logging_steps=25,
        seed=options.seed,
        report_to=["tensorboard"],
        remove_unused_columns=False,
        disable_tqdm=True,
    )


def run(arguments: Namespace) -> int:
    """`animirror train segformer OPTIONS.json [--resume] [--max-minutes M]`."""
    options = load_options(SegformerOptions, Path(arguments.options))
    train(options, arguments.resume, arguments.max_minutes)
    return 0
