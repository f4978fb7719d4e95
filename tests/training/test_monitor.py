import signal
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from animirror.realtime.errors import UserError
from animirror.training.history import Table, column, read_table
from animirror.training.monitor import collapsed, exploded, stale
from animirror.training.plots import Curve, plot
from animirror.training.samples import write_rows
from animirror.training.stopper import Stopper


def test_a_loss_explodes_at_five_times_its_median() -> None:
    assert not exploded([1.0, 100.0])  # too early to know
    assert not exploded([1.0, 2.0, 3.0, 10.0])
    assert exploded([1.0, 2.0, 3.0, 10.1])
    assert not exploded([1.0, 2.0, 100.0, 10.0])  # one outlier moves no median


def test_drawings_are_alike_under_a_share_of_real_variety() -> None:
    assert collapsed(2.9, 20.0)
    assert not collapsed(3.1, 20.0)


def test_every_fifty_epochs_without_a_better_score_are_told_once() -> None:
    assert [epoch for epoch in range(1, 200) if stale(epoch, best_epoch=20)] == [70, 120, 170]
    assert [epoch for epoch in range(3, 200, 3) if stale(epoch, best_epoch=21, every=3)] == [72, 123, 171]


def test_tables_forget_what_is_done_again(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    table = Table(path, 0)
    for step in (2, 4, 6):
        table.append({"step": step, "loss": step / 8})
    again = Table(path, 4)
    again.append({"step": 5, "loss": 0.1, "word": 'late, but "quoted"'})
    assert read_table(path) == [
        {"step": 2, "loss": 0.25},
        {"step": 4, "loss": 0.5},
        {"step": 5, "loss": 0.1, "word": 'late, but "quoted"'},
    ]
    assert column(again.rows, "loss") == ([2, 4, 5], [0.25, 0.5, 0.1])
    assert column(again.rows, "word") == ([], [])
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]
    assert read_table(tmp_path / "none.csv") == []
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"t\.csv cannot be read"):
        read_table(path)


def test_plots_have_a_panel_for_whatever_has_values(tmp_path: Path) -> None:
    sizes = []
    for count in (1, 2, 4):
        panels = {str(n): {"a": Curve([1, 2, 3], [3.0, 2.0, 2.5], mark=2)} for n in range(count)}
        plot(panels | {"empty": {"b": Curve([], [])}}, tmp_path / "p.png")
        image = cv2.imread(str(tmp_path / "p.png"))
        assert image is not None
        sizes.append(image.shape[:2])
    height, width = sizes[0]
    assert sizes == [(height, width), (height, 2 * width), (2 * height, 3 * width)]
    plot({}, tmp_path / "nothing.png")
    assert cv2.imread(str(tmp_path / "nothing.png")) is not None


def test_short_rows_of_a_sheet_end_in_white(tmp_path: Path) -> None:
    rows = [np.full((2, 4, 4, 3), 10, np.uint8), np.full((1, 4, 4, 3), 20, np.uint8)]
    write_rows(rows, tmp_path / "new" / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "new" / "sheet.png"))
    assert sheet is not None
    assert sheet[::4, ::4, 0].tolist() == [[10, 10], [20, 255]]


def test_a_second_ctrl_c_is_not_held_back() -> None:
    with Stopper() as stopper:
        assert not stopper.asked
        signal.raise_signal(signal.SIGINT)
        assert stopper.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_time_is_up_when_it_is_up() -> None:
    with Stopper(minutes=0.001) as stopper:
        assert not stopper.asked
        time.sleep(0.07)
        assert stopper.asked
        assert not stopper.interrupted
