"""What a generator's training saves and goes on from: state for a resumed run, weights for use."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from animirror.realtime.errors import UserError
from animirror.training.checkpoint import load_tensors, save_checkpoint, save_tensors
from animirror.training.gan import GanTraining
from animirror.training.options import CycleganOptions
from animirror.training.options_file import dump_options, load_options

log = logging.getLogger(__name__)

STATE, LAST, BEST, OPTIONS = "state.safetensors", "last.safetensors", "best.safetensors", "options.json"
# Options that may change from one part of a run to the next; with another one it would be another run.
MAY_CHANGE = {
    "epochs",
    "learning_rate",
    "bf16",
    "compile",
    "workers",
    "data_root",
    "runs",
    "samples",
    "score_every",
    "score_pictures",
}


@dataclass
class Progress:
    """Where a run stands: steps, seconds, sums of the losses since the last row, the best epoch's score."""

    step: int = 0
    seconds: float = 0.0
    sums: dict[str, float] = field(default_factory=dict)
    summed: int = 0
    judged_by: str = ""
    best_score: float | None = None
    best_epoch: int = 0
    plateau: dict[str, Any] = field(default_factory=dict)

    def add(self, parts: dict[str, float]) -> None:
        """Count the losses of a step."""
        self.summed += 1
        for name, value in parts.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def take_means(self) -> dict[str, float]:
        """The means of the losses that were added since the last call."""
        means = {name: value / max(1, self.summed) for name, value in self.sums.items()}
        self.sums, self.summed = {}, 0
        return means


def start(folder: Path, options: CycleganOptions, gan: GanTraining, resume: bool) -> Progress:
    """Begin a run in its folder, or bring the networks to where it stopped. Raises UserError."""
    progress = Progress()
    if resume:
        _check_unchanged(folder / OPTIONS, options)
        progress = _restore(folder / STATE, gan)
    elif (folder / STATE).exists():
        raise UserError(
            f"{folder} already holds a run; resume it (--resume), rename it, or change the option 'name'."
        )
    elif options.init:
        _initialise(gan, Path(options.init))
    if gan.processes.is_main:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / OPTIONS).write_text(dump_options(options), encoding="utf-8")
    return progress


def _check_unchanged(path: Path, options: CycleganOptions) -> None:
    if not path.exists():
        return
    before = load_options(type(options), path)
    changed = [
        f"{item.name} ({getattr(before, item.name)!r}, now {getattr(options, item.name)!r})"
        for item in dataclasses.fields(options)
        if item.name not in MAY_CHANGE and getattr(before, item.name) != getattr(options, item.name)
    ]
    if changed:
        raise UserError(
            f"The run in {path.parent} has other options: {', '.join(changed)}. Put them back to resume "
            "it, or begin a run of another name from it ('init')."
        )


def _initialise(gan: GanTraining, path: Path) -> None:
    """Start the networks from another run's: the same ones, or those of its coarse-to-fine half.

    A judge of another kind starts anew, it learns fast; so does a network that the other run did not have, as
    a student's run has no way back to photos. Raises UserError where a generator is another one.
    """
    tensors, _ = load_tensors(path)
    networks: dict[str, Any] = {name: n for name, n in gan.modules().items() if n is not gan.average}
    for name, network in networks.items():
        weights = _with_prefix(tensors, f"{name}.")
        if _shapes(network.state_dict()) == _shapes(weights):
            network.load_state_dict(weights)
        elif name != "draw" and not weights:
            log.info("%s has no '%s', which starts anew", path, name)
        elif hasattr(network, "load_coarse"):
            network.load_coarse(weights)
        elif name.startswith("judge"):
            log.info("%s: '%s' is of another kind there and starts anew", path, name)
        else:
            raise UserError(f"{path} holds other networks than this run's options name; change 'init'.")


def _shapes(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in tensors.items()}


def save(
    folder: Path,
    gan: GanTraining,
    progress: Progress,
    per_epoch: int,
    scores: dict[str, float] | None = None,
    best: bool = False,
) -> None:
    """Write the state, the result as it is and, where it is the best so far, once more as the best.

    ``scores``: what this epoch reached. Every process must call it. Raises UserError, and leaves the files of
    the last save as they are, where a weight is no number any more.
    """
    gan.processes.average_statistics(gan.modules().values())
    tensors = dict(_state(gan))
    broken = [name for name, t in tensors.items() if t.is_floating_point() and not t.isfinite().all()]
    if broken:
        raise UserError(lost(folder, progress, f"{broken[0]} is no number any more"))
    if gan.processes.is_main:
        described = describe(gan, progress, per_epoch) | ({"scores": scores} if scores else {})
        for name in (BEST, LAST) if best else (LAST,):
            save_checkpoint(folder / name, gan.result, described)
        # Last: with the state, a resumed run begins after this epoch, so all else of it must be there.
        save_tensors(folder / STATE, tensors, dataclasses.asdict(progress))
    gan.processes.wait()


def lost(folder: Path, progress: Progress, reason: str) -> str:
    """What to tell when training has gone to pieces."""
    kept = folder / STATE
    way_out = "start again with a lower learning_rate"
    if kept.exists():
        way_out = f"{kept} is the last good checkpoint: lower learning_rate and go on from it (--resume)"
    return f"Training in {folder} ended at step {progress.step}, because {reason}; {way_out}."


def describe(gan: GanTraining, progress: Progress, per_epoch: int) -> dict[str, Any]:
    """What a checkpoint's JSON says: what the generator is and where it comes from."""
    options = gan.options
    return {
        "task": "stylization",
        "network": options.generator,
        "size": options.size,
        "style": options.style,
        "eyes": options.eyes,
        "provenance": {
            "command": gan.command,
            "options": json.loads(dump_options(options)),
            "step": progress.step,
            "epochs": round(progress.step / per_epoch, 3),
            "hours": round(progress.seconds / 3600, 3),
            "device": str(gan.device),
            "processes": gan.processes.count,
            "seed": options.seed,
        },
    }


def _state(gan: GanTraining) -> Iterator[tuple[str, torch.Tensor]]:
    """All tensors that a resumed run needs: networks, Adam's moments, pools, random states."""
    for name, module in gan.modules().items():
        for key, value in module.state_dict().items():
            yield f"{name}.{key}", value
    for name, optimizer in gan.optimizers().items():
        for index, moments in optimizer.state_dict()["state"].items():
            for key, value in moments.items():
                yield f"{name}.{index}.{key}", value
    for name, pool in gan.pools().items():
        yield f"{name}.random", pool.random_state
        if pool.pictures:
            yield f"{name}.pictures", torch.stack(pool.pictures)
    yield "motion_random", gan.motion_random.get_state()
    for name, own in _random_states(gan).items():
        yield name, gan.processes.gather(own[None].to(gan.device))


def _random_states(gan: GanTraining) -> dict[str, torch.Tensor]:
    """The states that dropout draws from, in this process."""
    states = {"random": torch.get_rng_state()}
    if gan.device.type == "cuda":
        states["cuda_random"] = torch.cuda.get_rng_state(gan.device)
    return states


def _restore(path: Path, gan: GanTraining) -> Progress:
    tensors, description = load_tensors(path)
    try:
        progress = Progress(**description)
        _restore_networks(tensors, gan)
    except (KeyError, TypeError, RuntimeError) as error:
        raise UserError(f"{path} is no state of this run: {str(error).splitlines()[0]}.") from error
    for name, pool in gan.pools().items():
        kept = tensors.get(f"{name}.pictures")
        pool.restore([] if kept is None else list(kept.to(gan.device)), tensors[f"{name}.random"])
    gan.motion_random.set_state(tensors["motion_random"])
    gan.steps = progress.step
    gan.plateau = dataclasses.replace(gan.plateau, **progress.plateau)
    for name, setter in (("random", torch.set_rng_state), ("cuda_random", torch.cuda.set_rng_state)):
        states = tensors.get(name, torch.empty(0))
        # A run that goes on with more processes than before has no state for the new ones.
        if gan.processes.index < len(states) and name in _random_states(gan):
            # A copy: torch reads a state from the beginning of its storage.
            setter(states[gan.processes.index].clone())
    return progress


def _restore_networks(tensors: dict[str, torch.Tensor], gan: GanTraining) -> None:
    for name, module in gan.modules().items():
        module.load_state_dict(_with_prefix(tensors, f"{name}."))
    for name, optimizer in gan.optimizers().items():
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in _with_prefix(tensors, f"{name}.").items():
            index, item = key.split(".")
            moments.setdefault(int(index), {})[item] = value
        optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})


def _with_prefix(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
