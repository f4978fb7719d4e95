"""Contact sheets: what stands where."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from animirror.realtime.errors import UserError
from animirror.training.sheets import COLUMNS, SIDE, write_sheet


def test_a_sheet_shows_before_above_after(tmp_path: Path) -> None:
    before, after = (np.full((256, 256, 3), level, np.uint8) for level in (40, 200))
    path = tmp_path / "new" / "sheet.png"
    write_sheet([(before, after)] * (COLUMNS + 1), path)
    sheet = cv2.imread(str(path))
    assert sheet.shape == (4 * SIDE, COLUMNS * SIDE, 3)
    middles = sheet[SIDE // 2 :: SIDE, SIDE // 2 :: SIDE, 0]
    assert middles[:, 0].tolist() == [40, 200, 40, 200]
    assert middles[:, 1].tolist() == [40, 200, 255, 255]
    assert [file.name for file in path.parent.iterdir()] == ["sheet.png"]
    with pytest.raises(UserError, match=r"cannot be written as '\.xyz'"):
        write_sheet([(before, after)], tmp_path / "sheet.xyz")
