"""Which steps of the filter share a thread, and how many threads a model gets, by the cores there are."""

from __future__ import annotations

from animirror.realtime.errors import UserError

# From so many cores on, every step has a thread of its own; below, two threads share the steps; with one core
# (or on one's own wish) one thread does all.
THREE_THREADS_FROM, TWO_THREADS_FROM = 4, 2


def plan(cores: int, stages: int | None = None, slow_segmenter: bool = False) -> tuple[list[list[str]], int]:
    """Which steps share a thread, and how many threads a model gets, by the cores there are.

    Threads of models that run at the same time would only take each other's cores. ``slow_segmenter``: it is
    the slower of the two models, as in conversions; heads are then posed in the generator's thread, else in
    the segmenter's.
    """
    if stages is None:
        stages = 3 if cores >= THREE_THREADS_FROM else 2 if cores >= TWO_THREADS_FROM else 1
    first, second = (
        (["segment"], ["pose", "stylize"]) if slow_segmenter else (["segment", "pose"], ["stylize"])
    )
    layouts = {
        1: [[*first, *second, "blend"]],
        2: [first, [*second, "blend"]],
        3: [first, second, ["blend"]],
    }
    if stages not in layouts:
        raise UserError(f"The pipeline has 1 to 3 threads (--stages), not {stages}.")
    return layouts[stages], cores if stages == 1 else max(1, cores // 2)
