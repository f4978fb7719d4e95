"""Features that pictures are compared by: Inception's where its weights can be had, else our segmenter's."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray

from animirror.realtime.errors import UserError
from animirror.realtime.runtime import SIDE
from animirror.realtime.zoo import Zoo, sha256

log = logging.getLogger(__name__)

# Pictures per run of a network: the memory of one training step at most.
BATCH = 8
# The names of the distances between features: Fréchet and kernel, lower is better.
DISTANCES = ("fid", "kid", "fd_segformer", "kd_segformer")
# Width of Inception's last pooling layer, which FID and KID are defined on.
INCEPTION_WIDTH = 2048


class Extractor(Protocol):
    """Something that turns pictures into features and names the two distances between them."""

    frechet: str
    kernel: str
    source: str

    def __call__(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 [N, H, W, 3] BGR -> float32 [N, D]."""
        ...


class SegformerFeatures:
    """Our segmenter's last encoder stage, averaged over the picture: float32 [N, D], D = 256 for a B0.

    Distances in this space are named ``fd_segformer`` and ``kd_segformer``: they are no FID and no KID, and
    only comparable between runs that name the same ``source``. Raises UserError for a file that is no
    SegFormer of ours.
    """

    frechet, kernel = "fd_segformer", "kd_segformer"

    def __init__(self, path: Path) -> None:
        model = _read_onnx(path)
        hidden = _last_normalisation(model, path)
        del model.graph.output[:]
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(hidden))
        options = ort.SessionOptions()
        options.log_severity_level = 3
        # Threads that wait must not spin: the training needs the cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.intra_op_num_threads = torch.get_num_threads()
        side = _side(model)
        options.add_free_dimension_override_by_name(SIDE, side)
        self._session = ort.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0]
        self._size = side
        self.source = f"{path.stem} {sha256(path)[:8]}"

    def __call__(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.concatenate([self._pooled(part) for part in _batches(pictures)])

    def _pooled(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        sized = np.stack([_resize(picture, self._size) for picture in pictures])
        (tokens,) = self._session.run(None, {self._input.name: sized})
        return np.asarray(tokens, np.float32).mean(axis=1)


def _read_onnx(path: Path) -> onnx.ModelProto:
    try:
        return onnx.load(str(path))
    except Exception as error:  # protobuf's exceptions share no public base class
        raise UserError(f"The segmenter {path} cannot be read as ONNX: {error}.") from error


def _side(model: onnx.ModelProto) -> int:
    """The side of its input, px: its own one where it serves several."""
    side = model.graph.input[0].type.tensor_type.shape.dim[1]
    own = {item.key: item.value for item in model.metadata_props}.get("size", "0")
    return side.dim_value or int(own)


def _last_normalisation(model: onnx.ModelProto, path: Path) -> str:
    """The tensor [N, tokens, D] that ends the encoder.

    Every stage of a SegFormer ends in a layer normalisation and its decoder has none (Xie et al., NeurIPS
    2021, figure 2): it is the last of the graph, whose nodes ONNX keeps in the order of computation.
    """
    outputs = [node.output[0] for node in model.graph.node if node.op_type == "LayerNormalization"]
    if not outputs:
        raise UserError(
            f"{path} has no layer normalisation, so it is no SegFormer that features can be taken from; "
            "set the option 'score' to 'none' or 'fid'."
        )
    return outputs[-1]


class InceptionFeatures:
    """torchmetrics' Inception v3 (torch-fidelity's weights): float32 [N, 2048], for FID and KID proper.

    ``weights``: a file of them; None: torch's cache, or a download. They are the one file that training
    unpickles, since they are published in no other form. Raises UserError where they cannot be had.
    """

    frechet, kernel = "fid", "kid"
    source = "inception-v3-compat"

    def __init__(self, device: torch.device, weights: Path | None = None) -> None:
        try:
            from torchmetrics.image.fid import NoTrainInceptionV3

            self.network: Any = NoTrainInceptionV3(
                self.source, [str(INCEPTION_WIDTH)], str(weights) if weights else None
            )
        # What a missing package, network or file raises has nothing in common.
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            raise UserError(
                f"Inception's weights cannot be had ({_first_line(error)}): go online, install torchmetrics "
                "and torch-fidelity, or set the option 'score' to 'fd_segformer'."
            ) from error
        self.network.to(device)
        self._device = device

    @torch.no_grad()
    def __call__(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.concatenate([self._run(part) for part in _batches(pictures)])

    def _run(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        rgb = torch.from_numpy(np.ascontiguousarray(pictures[..., ::-1])).movedim(-1, 1)
        features = self.network(rgb.to(self._device))
        return np.asarray(features.reshape(len(pictures), -1).float().cpu().numpy())


def load_extractor(score: str, device: torch.device) -> Extractor:
    """The features for the option 'score' ("auto", "fid" or "fd_segformer"). Raises UserError."""
    if score != "fd_segformer":
        try:
            return InceptionFeatures(device)
        except UserError as error:
            if score == "fid":
                raise
            log.info("%s Until then epochs are judged by fd_segformer, which is no FID.", error)
    zoo = Zoo()
    return SegformerFeatures(zoo.verify(zoo.default("segmentation")))


def _batches(pictures: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(pictures), BATCH):
        yield pictures[start : start + BATCH]


def _resize(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    method = cv2.INTER_AREA if picture.shape[0] > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (size, size), interpolation=method), np.uint8)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
