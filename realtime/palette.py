"""The 256 colours of a GIF: chosen from all frames in a first pass, laid over them in a second."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import av
import av.error
from av.filter import Graph
from av.filter.context import FilterContext

# A fixed pattern stands still where the picture does; error diffusion crawls.
DITHER = "dither=bayer:bayer_scale=3:diff_mode=rectangle"


def paletted(make_frames: Callable[[], Iterable[av.VideoFrame]]) -> Iterator[av.VideoFrame]:
    """The frames with at most 256 colours ("pal8"), their times kept, in the memory of a few of them.

    ``make_frames`` is called twice, for the two passes; its frames have one size, one format, growing ``pts``
    and a ``time_base``. Without frames nothing comes.
    """
    palette = _choose(make_frames())
    if palette is None:
        return
    graph, sink = Graph(), None
    inputs: list[FilterContext] = []
    for frame in make_frames():
        if sink is None:
            inputs, sink = _use(graph, frame, palette)
        inputs[0].push(frame)
        yield from _pulled(sink)
    if sink is not None:
        inputs[0].push(None)
        yield from _pulled(sink)


def _choose(frames: Iterable[av.VideoFrame]) -> av.VideoFrame | None:
    """The palette of all frames: 16x16 pixels; None where there are no frames."""
    graph, source, sink = Graph(), None, None
    for frame in frames:
        if source is None or sink is None:
            source, sink = _buffer(graph, frame), graph.add("buffersink")
            # What moves gets colours too, however small it is.
            generate = graph.add("palettegen", "stats_mode=full:reserve_transparent=0")
            graph.link_nodes(source, generate, sink)
            graph.configure(auto_buffer=False)
        source.push(frame)
    if source is None or sink is None:
        return None
    source.push(None)
    return next(_pulled(sink))


def _use(
    graph: Graph, frame: av.VideoFrame, palette: av.VideoFrame
) -> tuple[list[FilterContext], FilterContext]:
    inputs = [_buffer(graph, frame), _buffer(graph, palette)]
    use, sink = graph.add("paletteuse", DITHER), graph.add("buffersink")
    inputs[0].link_to(use, 0, 0)
    inputs[1].link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure(auto_buffer=False)
    inputs[1].push(palette)
    inputs[1].push(None)
    return inputs, sink


def _buffer(graph: Graph, frame: av.VideoFrame) -> FilterContext:
    return graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )


def _pulled(sink: FilterContext) -> Iterator[av.VideoFrame]:
    while True:
        try:
            pulled = sink.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(pulled, av.VideoFrame)  # no audio goes in
        yield pulled
