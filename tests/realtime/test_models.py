from dataclasses import replace
from pathlib import Path

import pytest

from animirror.realtime import models as models_module
from animirror.realtime.errors import UserError
from animirror.realtime.models import open_model
from animirror.realtime.runtime import Session
from animirror.realtime.stylize import load_stylizer
from animirror.realtime.zoo import MANIFEST, ModelEntry, Zoo, sha256
from tests.conftest import write_stylizer
from tests.realtime.conftest import OnGpu


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zoo:
    """A generator `full` and `full-int8`, said to be made from it, on a processor that is fast with int8."""
    monkeypatch.setattr(models_module, "int8_is_fast", lambda: True)
    (tmp_path / MANIFEST).write_text('{"version": 1, "models": []}')
    zoo = Zoo(tmp_path)
    for name in ("full", "full-int8"):
        path = write_stylizer(tmp_path / f"{name}.onnx", 64)
        path.write_bytes(path.read_bytes())
        size = path.stat().st_size
        zoo.add(ModelEntry(name, "stylization", path.name, sha256(path), size, "fp32", 64, {}, "MIT", "none",
                           style="negative"))  # fmt: skip
    light = replace(zoo.get("full-int8"), precision="int8", quantized_from=zoo.get("full").sha256)
    zoo.add(light)
    return zoo


def opened(zoo: Zoo, device: str, precision: str) -> str:
    return open_model(zoo, zoo.get("full"), device, 1, precision).path.stem


def test_the_cpu_gets_int8_unless_told_otherwise(zoo: Zoo) -> None:
    assert opened(zoo, "cpu", "auto") == "full-int8"
    assert opened(zoo, "cpu", "int8") == "full-int8"
    assert opened(zoo, "cpu", "fp32") == "full"
    with pytest.raises(UserError, match="Unknown precision 'int4'; known: auto, fp32, int8"):
        opened(zoo, "cpu", "int4")


def test_a_cpu_without_8_bit_arithmetic_draws_in_fp32(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models_module, "int8_is_fast", lambda: False)
    assert opened(zoo, "cpu", "auto") == "full"
    assert opened(zoo, "cpu", "int8") == "full-int8"


def test_auto_gets_int8_where_it_ends_on_the_cpu(zoo: Zoo) -> None:
    session = open_model(zoo, zoo.get("full"), "auto")
    on_cpu = session.provider == "CPUExecutionProvider"
    assert session.path.stem == ("full-int8" if on_cpu else "full")
    assert session.note == Session(zoo.folder / "full.onnx", "auto").note


def test_another_device_keeps_the_full_model(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models_module, "Session", OnGpu)
    assert opened(zoo, "cuda", "auto") == opened(zoo, "auto", "auto") == "full"
    assert opened(zoo, "cuda", "int8") == "full-int8"


def test_a_model_asked_for_by_name_is_that_model(zoo: Zoo) -> None:
    assert load_stylizer(zoo, "negative", "cpu").session.path.stem == "full-int8"
    assert load_stylizer(zoo, None, "cpu").session.path.stem == "full-int8"
    assert load_stylizer(zoo, "full", "cpu").session.path.stem == "full"
    assert load_stylizer(zoo, "full-int8", "cpu").session.path.stem == "full-int8"


def test_int8_of_another_file_is_not_taken(zoo: Zoo) -> None:
    zoo.add(replace(zoo.get("full-int8"), quantized_from="0" * 64))
    assert opened(zoo, "cpu", "auto") == "full"
    assert Zoo(zoo.folder).get("full-int8").quantized_from == "0" * 64
