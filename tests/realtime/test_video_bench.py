"""The figures of conversions."""

import pytest

from animirror.realtime.errors import UserError
from animirror.realtime.recipe import Recipe
from animirror.realtime.video_bench import run_video_bench
from animirror.realtime.zoo import Zoo


def test_the_figures_fit_each_other(small_zoo: Zoo) -> None:
    told = run_video_bench("demo", 10, Recipe(device="cpu", models=small_zoo.folder))
    assert told.sizes == ("1280x720", "1920x1080")
    assert 0 < told.share < 1.5
    assert told.larger_fps > 0
    assert told.times_slower > 1
    assert told.failure is None
    assert told.peak_memory is not None
    assert 50 < told.peak_memory < 1500


def test_too_few_frames_tell_nothing(small_zoo: Zoo) -> None:
    with pytest.raises(UserError, match="--frames must be at least 10, not 3"):
        run_video_bench("demo", 3, Recipe(device="cpu", models=small_zoo.folder))
