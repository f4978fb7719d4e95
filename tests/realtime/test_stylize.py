from pathlib import Path

import numpy as np
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


def test_a_generator_that_draws_at_several_sizes(tmp_path: Path) -> None:
    stylizer = Stylizer(Session(write_stylizer(tmp_path / "two.onnx", sizes=(160, SIZE)), "cpu"))
    assert (stylizer.size, stylizer.sizes, stylizer.session.name) == (SIZE, (SIZE, 160), "two")
    stylizer.session.warm_up()
    crops = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)
    for side in stylizer.sizes:
        drawn = stylizer(np.ascontiguousarray(crops[:, :side, :side]))
        assert np.array_equal(drawn, 255 - crops[:, :side, :side])
    with pytest.raises(ValueError, match=r"two\.onnx draws at \(128, 160\) px, not 96"):
        stylizer(crops[:, :96, :96])
    with pytest.raises(ValueError, match=r"takes uint8 \[N, S, S, 3\], not uint8 \[2, 128, 160, 3\]"):
        stylizer(crops[:, :SIZE])


def test_sizes_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    path = write_stylizer(tmp_path / "two.onnx", sizes=("large",))  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"two\.onnx is no model for stylization.*sizes are not a list"):
        Stylizer(Session(path, "cpu"))


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
