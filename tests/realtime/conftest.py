"""A zoo of tiny real models, for sessions and commands."""

from pathlib import Path

import pytest

from animirror.realtime.regions import CELEBAMASK_LABELS
from animirror.realtime.runtime import Session
from animirror.realtime.zoo import ModelEntry, Zoo, sha256
from tests.conftest import SIZE, write_segmenter, write_stylizer


class OnGpu(Session):
    """As if it had started on CUDA; this machine has none."""

    def __init__(
        self, path: Path, device: str = "auto", threads: int | None = None, side: int | None = None
    ) -> None:
        super().__init__(path, "cpu", threads, side)
        self.provider = "CUDAExecutionProvider"


@pytest.fixture(scope="session")
def small_zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    """A segmenter of the world's colours and two styles, "negative" and "other"."""
    zoo = Zoo(tmp_path_factory.mktemp("zoo"), create=True)

    def add(path: Path, task: str, style: str | None = None) -> None:
        labels = CELEBAMASK_LABELS if style is None else None
        zoo.add(
            ModelEntry(
                path.stem,
                task,
                path.name,
                sha256(path),
                path.stat().st_size,
                "fp32",
                SIZE,
                {},
                "MIT",
                "none",
                labels,
                style,
            )
        )

    add(write_segmenter(zoo.folder / "segmenter.onnx"), "segmentation")
    for style in ("negative", "other"):
        add(write_stylizer(zoo.folder / f"{style}-small.onnx", style=style), "stylization", style)
    return zoo
