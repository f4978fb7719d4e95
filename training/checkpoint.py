"""Checkpoints: weights as safetensors, what they are as JSON beside them; nothing is ever unpickled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from animirror.realtime.errors import UserError
from animirror.training.networks import build


def checkpoint_path(name: str) -> Path:
    """The path of a checkpoint that a user asks to be written. Raises UserError for another kind of file."""
    path = Path(name)
    if path.suffix != ".safetensors":
        raise UserError(f"The checkpoint {path} needs a name that ends in .safetensors.")
    return path


def save_checkpoint(path: Path, model: nn.Module, description: dict[str, Any], half: bool = False) -> None:
    """Write a model's weights to ``path`` (.safetensors) and its description to the .json of the same stem.

    ``half`` stores floating-point weights as float16: for what is kept in the repo.
    """
    tensors = dict(model.state_dict())
    if half:
        tensors = {name: t.half() if t.is_floating_point() else t for name, t in tensors.items()}
    save_tensors(path, tensors, description)


def save_tensors(path: Path, tensors: dict[str, torch.Tensor], description: dict[str, Any]) -> None:
    """Write tensors and description, each to a file beside that is then renamed: never half a file.

    The description travels inside the .safetensors file too, so that the pair cannot come apart.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    text = json.dumps(description, indent=2) + "\n"
    copies = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    save_file(copies, str(temporary), metadata={"description": text})
    temporary.replace(path)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path.with_suffix(".json"))


def load_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors and description of a file by :func:`save_tensors`. Raises UserError naming the file."""
    try:
        with safe_open(str(path), framework="pt") as file:
            description = json.loads((file.metadata() or {}).get("description", "{}"))
            return {name: file.get_tensor(name) for name in file.keys()}, description  # noqa: SIM118
    except (OSError, SafetensorError, ValueError) as error:
        raise UserError(f"The checkpoint {path} cannot be read: {error}.") from error


def load_weights(model: nn.Module, path: Path) -> None:
    """Load a checkpoint's weights into ``model``. Raises UserError where they do not fit."""
    tensors, _ = load_tensors(path)
    wanted = model.state_dict()
    tensors = {n: t.to(wanted[n].dtype) if n in wanted else t for n, t in tensors.items()}
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise UserError(
            f"The checkpoint {path} does not fit its network: {str(error).splitlines()[0]}."
        ) from error


def read_description(path: Path) -> dict[str, Any]:
    """The JSON beside the checkpoint ``path``, or where a kill came before it, the copy in the file itself.

    Raises UserError where it is missing or broken.
    """
    beside = path.with_suffix(".json")
    if path.exists() and not beside.exists():
        return load_tensors(path)[1]
    try:
        content = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"The checkpoint's description {beside} cannot be read: {error}.") from error
    if not isinstance(content, dict) or not {"task", "network", "size"} <= content.keys():
        raise UserError(f"The checkpoint's description {beside} lacks task, network or size.")
    return content


def load_checkpoint(path: Path) -> tuple[nn.Module, dict[str, Any]]:
    """The network with its weights, in evaluation mode, and its description."""
    description = read_description(path)
    model = build(description["network"])
    load_weights(model, path)
    return model.eval().to(torch.float32), description
