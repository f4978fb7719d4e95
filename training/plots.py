"""Curves as PNG: every loss of a run, or of several runs over one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Inches and dots per inch of one panel: three abreast fill a screen.
PANEL_WIDTH, PANEL_HEIGHT, DPI = 5.2, 3.4, 90
PANELS_ABREAST = 3
# Inches around the axes of a panel, for numbers, names and title.
LEFT, RIGHT, BOTTOM, TOP = 0.7, 0.15, 0.55, 0.4


@dataclass(frozen=True)
class Curve:
    """One line: steps or epochs, and the value at each. ``mark``: a place to point out, such as the best."""

    x: Sequence[float]
    y: Sequence[float]
    mark: float | None = None


def plot(panels: Mapping[str, Mapping[str, Curve]], path: Path, x_name: str = "step") -> None:
    """Write a PNG of panels {title: {label: curve}}; panels without any value are left out."""
    shown = {title: curves for title, curves in panels.items() if any(len(c.y) for c in curves.values())}
    columns = max(1, min(PANELS_ABREAST, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    width, height = PANEL_WIDTH * columns, PANEL_HEIGHT * rows
    figure = Figure((width, height), dpi=DPI)
    # By hand: matplotlib's own layouts draw everything twice, after each epoch.
    figure.subplots_adjust(
        left=LEFT / width,
        right=1 - RIGHT / width,
        bottom=BOTTOM / height,
        top=1 - TOP / height,
        wspace=(LEFT + RIGHT) / (PANEL_WIDTH - LEFT - RIGHT),
        hspace=(BOTTOM + TOP) / (PANEL_HEIGHT - BOTTOM - TOP),
    )
    for place, (title, curves) in enumerate(shown.items()):
        axes = figure.add_subplot(rows, columns, place + 1)
        _draw(axes, title, curves, x_name)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    figure.savefig(beside, format="png")
    beside.replace(path)


def _draw(axes: Axes, title: str, curves: Mapping[str, Curve], x_name: str) -> None:
    for label, curve in curves.items():
        # A single value is no line.
        marker = "o" if len(curve.x) < 2 else None
        (line,) = axes.plot(curve.x, curve.y, label=label, linewidth=1.2, marker=marker, markersize=3)
        if curve.mark is not None and curve.mark in curve.x:
            value = curve.y[list(curve.x).index(curve.mark)]
            axes.plot([curve.mark], [value], "*", color=line.get_color(), markersize=11)
    axes.set_title(title)
    axes.set_xlabel(x_name)
    axes.grid(alpha=0.3)
    if len(curves) > 1:
        axes.legend(fontsize="small")
