"""Opens models of the zoo: verified, on the device that starts, in the precision that suits it."""

from __future__ import annotations

from animirror.realtime.errors import UserError
from animirror.realtime.processor import int8_is_fast
from animirror.realtime.runtime import PROVIDERS, Session
from animirror.realtime.zoo import ModelEntry, Zoo

# auto: int8 on CPUs that compute it fast; fp32: never; int8: on every device; each where the zoo has it.
PRECISIONS = ("auto", "fp32", "int8")
PRECISION_HELP = "auto: int8 on CPUs that are fast with it; fp32: never; int8: always (auto)"


def open_model(
    zoo: Zoo,
    entry: ModelEntry,
    device: str = "auto",
    threads: int | None = None,
    precision: str = "auto",
    named: bool = False,
) -> Session:
    """A session of the entry, or of the int8 model made from it.

    ``precision``: one of PRECISIONS; ``named``: the user asked for this very model, so `auto` leaves it at
    that. Raises UserError.
    """
    if precision not in PRECISIONS:
        raise UserError(f"Unknown precision '{precision}'; known: {', '.join(PRECISIONS)}.")
    as_it_is = precision == "fp32" or (precision == "auto" and (named or not int8_is_fast()))
    light = None if as_it_is else zoo.quantized(entry)
    # A segmenter sees one size; a generator draws heads in several, in turn (see drawn_size).
    side = entry.size if entry.task == "segmentation" else None
    if light is not None and (precision == "int8" or device == "cpu"):
        return Session(zoo.verify(light), device, threads, side)
    session = Session(zoo.verify(entry), device, threads, side)
    if light is None or session.provider != PROVIDERS["cpu"]:
        return session
    # Only a session knows whether its device truly started; `auto` ended on the CPU.
    on_cpu = Session(zoo.verify(light), "cpu", threads, side)
    on_cpu.note = session.note
    return on_cpu
