"""Two people in a picture, and tiny models for the studio."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from animirror.realtime.studio import autosave
from animirror.realtime.studio.document import Document
from animirror.realtime.studio.models import Models
from animirror.realtime.zoo import Zoo
from tests.conftest import draw_person, empty_frame


def two_people() -> np.ndarray:
    """480 x 320: a head at (120, 160) and one at (350, 170)."""
    frame = empty_frame(480, 320)
    draw_person(frame, 120, 160, 90)
    draw_person(frame, 350, 170, 80)
    return frame


@pytest.fixture
def studio_models(small_zoo: Zoo) -> Models:
    return Models(small_zoo, "cpu", 1, keep=1)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "two.png"
    cv2.imwrite(str(path), two_people())
    return path


@pytest.fixture
def document(picture: Path, studio_models: Models) -> Document:
    return Document.open(picture, studio_models)


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Autosaves of tests do not lie in the user's own folder."""
    folder = tmp_path / "state"
    monkeypatch.setattr(autosave, "folder", lambda: folder)
    return folder
