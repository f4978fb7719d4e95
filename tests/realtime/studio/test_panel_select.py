"""Check boxes of regions and labels, as names for the filter."""

import pytest

pytest.importorskip("tkinter")

from animirror.realtime.regions import CELEBAMASK_LABELS, label_indices
from animirror.realtime.studio.panel_select import expanded, toggled


def chosen_labels(names: tuple[str, ...]) -> set[str]:
    return {CELEBAMASK_LABELS[index] for index in label_indices(names, CELEBAMASK_LABELS)}


def test_a_region_comes_and_goes() -> None:
    assert toggled(("face", "hair"), "hat", True, CELEBAMASK_LABELS) == ("face", "hair", "hat")
    assert toggled(("face", "hair"), "face", False, CELEBAMASK_LABELS) == ("hair",)
    assert toggled(("hair",), "hair", False, CELEBAMASK_LABELS) == ()


def test_a_label_taken_out_breaks_its_region_up() -> None:
    without = toggled(("face", "hair"), "nose", False, CELEBAMASK_LABELS)
    assert chosen_labels(without) == chosen_labels(("face", "hair")) - {"nose"}
    again = toggled(without, "nose", True, CELEBAMASK_LABELS)
    assert set(again) == {"face", "hair"}
    assert chosen_labels(toggled((), "eyes", True, CELEBAMASK_LABELS)) == {"eyes"}


def test_the_labels_of_names() -> None:
    assert expanded(["hair", "eyes", "scarf"], CELEBAMASK_LABELS) == {"hair", "eyes"}
    assert "skin" in expanded(["face"], CELEBAMASK_LABELS)
    assert expanded(["face"], ["Face", "Sunglasses", "Hair"]) == {"face", "sunglasses"}
