from pathlib import Path

import cv2
import numpy as np
import pytest

from animirror.realtime.errors import UserError
from animirror.realtime.studio import batch
from animirror.realtime.studio.batch import pictures_in, run_batch
from animirror.realtime.studio.choices import Choices, Variant
from animirror.realtime.studio.document import Document
from animirror.realtime.studio.models import Models
from animirror.realtime.studio.render import Rendered, render
from tests.conftest import empty_frame
from tests.realtime.studio.conftest import two_people

CHOICES = Choices(regions=("face",), off=frozenset({0}), strength=0.8, variant=Variant("other", "cool"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), two_people())
    cv2.imwrite(str(folder / "a.webp"), two_people()[:, ::-1])
    (folder / "b.jpg").write_bytes(b"\xff\xd8 broken")
    cv2.imwrite(str(folder / "c.png"), empty_frame(100, 100))
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_one_failure_does_not_stop_the_rest(folder: Path, studio_models: Models, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    sources = pictures_in(folder)
    assert [path.name for path in sources] == ["a.png", "a.webp", "b.jpg", "c.png"]
    outcomes = run_batch(
        sources, tmp_path / "out", studio_models, CHOICES, progress=lambda *told_now: told.append(told_now)
    )
    assert told == [(0, 4, "a.png"), (1, 4, "a.webp"), (2, 4, "b.jpg"), (3, 4, "c.png"), (4, 4, "")]
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["a-anime-2.png", "a-anime.png", "c-anime.png"]
    assert [outcome.target is not None for outcome in outcomes] == [True, True, False, True]
    assert "b.jpg" in (outcomes[2].problem or "")
    assert "Nobody was found" in (outcomes[3].problem or "")
    document = Document.open(folder / "a.png", studio_models)
    document.choose(regions=("face",), strength=0.8, variant=CHOICES.variant)
    expected = render(document, studio_models).frame
    assert np.array_equal(cv2.imread(str(tmp_path / "out" / "a-anime.png")), expected)
    again = run_batch(sources[:1], tmp_path / "out", studio_models, CHOICES)
    assert "exists already" in (again[0].problem or "")


def test_our_own_fault_does_not_stop_the_rest_either(
    folder: Path, studio_models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = [True, False]

    def sometimes(document: Document, models: Models) -> Rendered:
        if failing.pop(0):
            raise RuntimeError("out of luck")
        return render(document, models)

    monkeypatch.setattr(batch, "render", sometimes)
    outcomes = run_batch(pictures_in(folder)[:2], tmp_path / "out", studio_models, CHOICES)
    assert "a.png could not be drawn, and this is our fault: out of luck" in (outcomes[0].problem or "")
    assert outcomes[1].target is not None


def test_a_batch_can_be_ended(folder: Path, studio_models: Models, tmp_path: Path) -> None:
    def stop(done: int, *_: object) -> None:
        if done == 1:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run_batch(pictures_in(folder), tmp_path / "out", studio_models, CHOICES, progress=stop)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a-anime.png"]


def test_folders_and_formats_that_are_none(folder: Path, studio_models: Models, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        pictures_in(tmp_path / "nowhere")
    with pytest.raises(UserError, match="cannot be made"):
        run_batch([], folder / "a.png", studio_models, CHOICES)
    with pytest.raises(UserError, match=r"cannot be written as '\.gif'"):
        run_batch([], tmp_path / "out", studio_models, CHOICES, suffix=".gif")
