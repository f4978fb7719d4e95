from pathlib import Path

import onnx
import pytest

from animirror.realtime.errors import UserError
from animirror.realtime.runtime import Session
from animirror.realtime.stylize import Stylizer, load_stylizer
from animirror.realtime.zoo import ModelEntry, Zoo, sha256
from tests.conftest import SIZE, write_stylizer


def add_style(zoo: Zoo, name: str, style: str, said: str | None = None) -> None:
    """A stylizer of ``style`` in the zoo, whose entry says that it is ``said``."""
    path = write_stylizer(zoo.folder / f"{name}.onnx", style=style)
    zoo.add(
        ModelEntry(
            name=name,
            task="stylization",
            file=path.name,
            sha256=sha256(path),
            bytes=path.stat().st_size,
            precision="fp32",
            size=SIZE,
            provenance={},
            licence="MIT",
            data_terms="none",
            style=said or style,
        )
    )


@pytest.fixture
def zoo(tmp_path: Path) -> Zoo:
    return Zoo(tmp_path, create=True)


def test_styles_by_style_and_by_name(zoo: Zoo) -> None:
    add_style(zoo, "first", "anime")
    add_style(zoo, "second", "ink")
    assert load_stylizer(zoo, device="cpu").style == "anime"
    assert load_stylizer(zoo, "ink", "cpu").style == "ink"
    assert load_stylizer(zoo, "second", "cpu").session.path == zoo.folder / "second.onnx"


def test_manifest_and_file_must_agree(zoo: Zoo) -> None:
    add_style(zoo, "first", "anime", said="ink")
    with pytest.raises(UserError, match=r"first\.onnx has another style"):
        load_stylizer(zoo, device="cpu")


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"task": "stylization", "size": str(SIZE)}, "names no style"),
        ({"task": "stylization", "size": "99", "style": "x"}, r"not uint8 \[N, 99, 99, 3\]"),
    ],
)
def test_metadata_that_does_not_fit_is_refused(
    models: tuple[Path, Path], tmp_path: Path, metadata: dict[str, str], reason: str
) -> None:
    model = onnx.load(str(models[1]))
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, str(tmp_path / "odd.onnx"))
    with pytest.raises(UserError, match=rf"odd\.onnx is no .*{reason}"):
        Stylizer(Session(tmp_path / "odd.onnx", "cpu"))
