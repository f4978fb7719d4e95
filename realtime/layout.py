"""Which steps of the filter share a thread, and how many threads a model gets, by the cores there are."""

from __future__ import annotations

from animirror.realtime.errors import UserError

# From so many cores on, every step has a thread of its own; below, two threads share the steps; with one core
# (or on one's own wish) one thread does all.
THREE_THREADS_FROM, TWO_THREADS_FROM = 4, 2


def plan(cores: int, stages: int | None = None) -> tuple[list[list[str]], int]:
    """Which steps share a thread, and how many threads a model gets, by the cores there are.

    Threads of models that run at the same time would only take each other's cores.
    """
    if stages is None:
        stages = 3 if cores >= THREE_THREADS_FROM else 2 if cores >= TWO_THREADS_FROM else 1
    layouts = {
        1: [["segment", "pose", "stylize", "blend"]],
        2: [["segment", "pose"], ["stylize", "blend"]],
        3: [["segment", "pose"], ["stylize"], ["blend"]],
    }
    if stages not in layouts:
        raise UserError(f"The pipeline has 1 to 3 threads (--stages), not {stages}.")
    return layouts[stages], cores if stages == 1 else max(1, cores // 2)
