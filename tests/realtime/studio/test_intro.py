"""The start page's pictures: made once, then read."""

from pathlib import Path

import numpy as np

from animirror.realtime.images import read_picture
from animirror.realtime.studio.intro import NAMES, SIDE, intro_folder, intro_pictures, sample_portrait
from animirror.realtime.studio.models import Models
from animirror.realtime.zoo import Zoo


def test_made_once_and_kept(small_zoo: Zoo, tmp_path: Path) -> None:
    models = Models(small_zoo, "cpu", 1)
    made = intro_pictures(models, tmp_path / "intro")
    assert [picture.shape for picture in made] == [(SIDE, SIDE, 3)] * 3
    assert (made[0] == sample_portrait()[:, 20:360]).all()
    assert sorted(path.stem for path in (tmp_path / "intro").iterdir()) == sorted(NAMES)
    marked = tmp_path / "intro" / f"{NAMES[1]}.png"
    assert (read_picture(marked).frame == made[1]).all()
    # The second time nothing is drawn: what lies there is taken.
    (tmp_path / "intro" / f"{NAMES[2]}.png").write_bytes(marked.read_bytes())
    again = intro_pictures(models, tmp_path / "intro")
    assert (again[2] == made[1]).all()


def test_a_cache_that_cannot_be_written_does_not_matter(small_zoo: Zoo, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made = intro_pictures(Models(small_zoo, "cpu", 1), tmp_path / "file" / "intro")
    assert made[2].shape == (SIDE, SIDE, 3)
    assert made[2].dtype == np.uint8


def test_other_models_have_other_pictures() -> None:
    zoo = Zoo()
    assert zoo.default("stylization").sha256[:8] in intro_folder().name
