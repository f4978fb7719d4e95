"""Training of the segmenter: SegFormer through the Hugging Face Trainer.

animirror train segformer training/presets/segformer-faces-1.json --max-minutes 60
animirror train segformer training/presets/thesis-segformer.json
"""

from __future__ import annotations

import dataclasses
import math
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset
from transformers import TrainingArguments

from animirror.realtime.errors import UserError
from animirror.training.checkpoint import load_weights, read_description
from animirror.training.hub import read_hub
from animirror.training.labels import head_regions, resolve_labels
from animirror.training.muon import MuonAdamW
from animirror.training.networks import build
from animirror.training.networks.efficientnet import EfficientNetSegmenter
from animirror.training.networks.segformer import VARIANTS
from animirror.training.options import SegformerOptions
from animirror.training.options_file import dump_options, load_options
from animirror.training.parsing_data import (
    FACE_GROUPS,
    GROUPS,
    MAX_SIDE,
    group_members,
    read_set,
)
from animirror.training.parsing_trainer import (
    Exporter,
    GroupedTrainer,
    Judge,
    Obedient,
    Reporter,
    RunFolder,
    predicted_labels,
)
from animirror.training.parsing_views import Samples, WholePictures
from animirror.training.precision import uses_bf16
from animirror.training.splits import Splits, draw_splits, pictures, read_splits
from animirror.training.stopper import Stopper
from animirror.training.webcam_views import WebcamDataset

# Where no splits file is given, one picture of so many validates.
VALIDATION_SHARE = 10
# So much larger than the whole picture a webcam view shows it about a portrait's head.
HEAD_ZOOM = 4 / 3
# What the encoders' parameters are called: SegFormer's, and efficientnet's.
ENCODERS = ("segformer.", "encoder.")


def read_parts(options: SegformerOptions, labels: Sequence[str]) -> tuple[list[Samples], list[Samples]]:
    """The training part of every set, and the validation part of those that are evaluated. UserError."""
    if options.hub is not None:
        if options.sets:
            raise UserError("The options name both sets and a hub data set; keep one of them.")
        training, validation = read_hub(options.hub, labels, options.seed)
        return [training], [validation]
    root, splits = Path(options.data_root), _splits(options)
    # As sharp as the network can see; webcam views show a head's crop, a part of its picture, as large.
    seen = options.size * HEAD_ZOOM if options.augmentation == "webcam" else options.size
    side = max(MAX_SIDE, round(seen))
    parts: tuple[list[Samples], list[Samples]] = ([], [])
    for item in options.sets:
        parts[0].append(read_set(root, item, splits, labels, validation=False, max_side=side))
        if item.evaluate and splits.validation.get(item.name):
            parts[1].append(read_set(root, item, splits, labels, validation=True, max_side=side))
    if not parts[1]:
        raise UserError(
            "No set has validation pictures: name sets as the splits file does, or leave 'splits' empty."
        )
    return parts


def _splits(options: SegformerOptions) -> Splits:
    if options.splits:
        return read_splits(Path(options.splits))
    root = Path(options.data_root)
    if len({item.name for item in options.sets}) < len(options.sets):
        raise UserError("Without a splits file every set needs a name of its own: change the options' sets.")
    counts = {item.name: len(pictures(item.picture_folder(root), item.prefix)) for item in options.sets}
    return draw_splits(
        {
            item.name: (item.picture_folder(root), item.prefix, -(-counts[item.name] // VALIDATION_SHARE))
            for item in options.sets
        },
        options.seed,
    )


def training_data(
    options: SegformerOptions, labels: tuple[str, ...], parts: list[Samples]
) -> Dataset[dict[str, torch.Tensor]]:
    """What training sees of the parts: webcam views, or whole pictures with or without jitter."""
    if options.augmentation != "webcam":
        return WholePictures(parts, options.size, jitter=options.augmentation == "color_jitter")
    weights = [item.weight for item in options.sets] or [1.0]
    decoded = [[samples[index] for index in range(len(samples))] for samples in parts]
    length = options.steps * options.batch
    return WebcamDataset(
        list(zip(decoded, weights, strict=True)),
        labels,
        options.size,
        length,
        options.seed,
        options.spoiled,
        options.plain,
        options.collars,
    )


def train(options: SegformerOptions, resume: bool = False, max_minutes: float | None = None) -> Path:
    """Train, and return the checkpoint's path. Resumes from the run's own folder if asked to.

    Ctrl-C finishes the step, saves and raises KeyboardInterrupt. Raises UserError for unusable data or
    options, and where a fresh run would overwrite one, or there is none to resume.
    """
    if options.muon > 0 and options.head_rate != 1:
        raise UserError("The option 'head_rate' is for AdamW alone; leave it out, or 'muon'.")
    labels = resolve_labels(options)
    groups = _groups(options, labels)
    folder = Path(options.runs) / options.name
    _check_folder(folder, resume)
    checkpoint = last_checkpoint(folder)
    parts, validation_parts = read_parts(options, labels)
    options = _with_steps(options, sum(len(samples) for samples in parts))
    model = _fresh(options, labels)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "options.json").write_text(dump_options(options), encoding="utf-8")
    run_folder = RunFolder(folder, options, offline_spec(options.network, model, labels))
    if resume:
        run_folder.hours_before = _hours(folder / "last.safetensors")
    validation = WholePictures(validation_parts, options.size)
    stopper = Stopper(max_minutes)
    judge = Judge(labels, list(groups.values()), head_regions(labels))
    trainer = GroupedTrainer(
        model=model.to(memory_format=torch.channels_last),
        args=_trainer_arguments(options, folder),
        train_dataset=training_data(options, labels, parts),
        eval_dataset=validation,
        compute_metrics=judge,
        preprocess_logits_for_metrics=predicted_labels,
        optimizers=(_optimizer(options, model), None),
        callbacks=[
            Obedient(stopper),
            Exporter(run_folder),
            Reporter(run_folder, judge, validation, list(groups)),
        ],
    )
    trainer.groups = list(groups.values())
    trainer.heads, trainer.small_heads = head_codes(labels, list(groups)), options.small_heads
    with stopper:
        trainer.train(resume_from_checkpoint=str(checkpoint) if resume else None)
    if stopper.interrupted:
        raise KeyboardInterrupt
    if options.push_to_hub and trainer.state.global_step >= options.steps:
        push(model, options.push_to_hub)
    return folder / "last.safetensors"


def _with_steps(options: SegformerOptions, count: int) -> SegformerOptions:
    """The options with the steps that their epochs make of ``count`` pictures."""
    if options.epochs <= 0:
        return options
    steps = math.ceil(options.epochs * math.ceil(count / options.batch))
    return dataclasses.replace(options, steps=steps)


def _fresh(options: SegformerOptions, labels: Sequence[str]) -> nn.Module:
    torch.manual_seed(options.seed)
    np.random.seed(options.seed)
    model = build({**options.network, "labels": list(labels)})
    if options.init:
        load_weights(model, Path(options.init))
    return model


def _optimizer(options: SegformerOptions, model: nn.Module) -> torch.optim.Optimizer | None:
    """None: the Trainer's own AdamW."""
    rate, decay = options.learning_rate, options.weight_decay
    if options.muon > 0:
        return MuonAdamW(model, rate, decay, options.muon)
    if options.head_rate == 1:
        return None
    encoder = [item for name, item in model.named_parameters() if name.startswith(ENCODERS)]
    head = [item for name, item in model.named_parameters() if not name.startswith(ENCODERS)]
    groups = [{"params": encoder, "lr": rate}, {"params": head, "lr": options.head_rate * rate}]
    return torch.optim.AdamW(groups, weight_decay=decay)


def _groups(options: SegformerOptions, labels: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """The groups of labels that this run's codes may name; none where all masks know every label."""
    partial = any(item.coding == "face_hair" for item in options.sets)
    if not partial and options.augmentation != "webcam":
        return {}
    members = group_members(labels)
    return {name: members[name] for name in GROUPS}


def head_codes(labels: Sequence[str], groups: Sequence[str]) -> tuple[int, ...]:
    """The codes that are parts of heads: the labels of face and hair, and FACE_GROUPS."""
    known = sorted(index for members in head_regions(labels).values() for index in members)
    return (*known, *(len(labels) + place for place, name in enumerate(groups) if name in FACE_GROUPS))


def offline_spec(spec: dict[str, Any], model: nn.Module, labels: Sequence[str]) -> dict[str, Any]:
    """How to build the model's network anew without the hub: its checkpoint holds all weights."""
    if isinstance(model, EfficientNetSegmenter):
        return {**spec, "labels": list(labels), "pretrained": False}
    config: Any = model.config
    shape = (list(config.hidden_sizes), list(config.depths))
    variant = next((name for name, known in VARIANTS.items() if known[:2] == shape), None)
    if variant is None:
        raise UserError(f"The SegFormer {spec.get('pretrained')} is none of {', '.join(VARIANTS)}.")
    return {
        "name": "segformer",
        "labels": list(labels),
        "variant": variant,
        "decoder": config.decoder_hidden_size,
        "drop_path": config.drop_path_rate,
        "dropout": config.classifier_dropout_prob,
    }


def push(model: nn.Module, repository: str) -> None:
    """Upload the model in transformers' own form. Raises UserError where the hub does not take it."""
    try:
        model.push_to_hub(repository)  # type: ignore[operator]
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"The model was trained and saved, but the hub's repository {repository} could not be written: "
            f"{reason.rstrip('.')}. Log in (hf auth login) and resume the run, or empty 'push_to_hub'."
        ) from error


def _check_folder(folder: Path, resume: bool) -> None:
    kept = last_checkpoint(folder)
    if resume and kept is None:
        raise UserError(f"{folder} holds no checkpoint to resume; start without --resume.")
    if not resume and kept is not None:
        raise UserError(
            f"{folder} already holds a run; resume it (--resume), rename it, or change the option 'name'."
        )


def last_checkpoint(folder: Path) -> Path | None:
    """The Trainer's newest whole checkpoint in a run's folder: trainer_state.json is what it writes last."""
    found = [path.parent for path in (folder / "trainer").glob("checkpoint-*/trainer_state.json")]
    return max(found, key=lambda path: int(path.name.removeprefix("checkpoint-")), default=None)


def _hours(checkpoint: Path) -> float:
    return float(read_description(checkpoint)["provenance"]["hours"]) if checkpoint.is_file() else 0.0


def _trainer_arguments(options: SegformerOptions, folder: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder / "trainer"),
        max_steps=options.steps,
        per_device_train_batch_size=options.batch,
        per_device_eval_batch_size=options.batch,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        warmup_steps=options.warmup,
        lr_scheduler_type=options.schedule,
        bf16=uses_bf16(torch.device("cuda" if torch.cuda.is_available() else "cpu"), options.bf16),
        use_cpu=not torch.cuda.is_available(),
        dataloader_num_workers=options.workers,
        eval_strategy="steps",
        eval_steps=options.evaluate_every,
        batch_eval_metrics=True,
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
