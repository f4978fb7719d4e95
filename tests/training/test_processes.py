"""Two processes, on the CPU (gloo), joined by accelerate, against one with the double batch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from animirror.training import cyclegan
from animirror.training.checkpoint import load_tensors
from animirror.training.history import LOSSES, SCORES, read_table
from animirror.training.options import CycleganOptions
from animirror.training.options_file import dump_options
from animirror.training.processes import Processes
from animirror.training.state import STATE
from tests.training.conftest import cyclegan_options

# Instance normalisation: no statistic over the batch. Pool, motions, a second epoch: all that is shared.
SHARED = {
    "generator": {"name": "resnet", "filters": 4, "blocks": 1, "norm": "instance"},
    "discriminator": {"name": "patchgan", "filters": 4, "norm": "instance"},
    "epochs": 2,
    "score": "fd_segformer",
    "score_pictures": 2,
}


SCRIPT = """
import sys
from pathlib import Path
from animirror.training.checkpoint import load_tensors
from animirror.training.cyclegan import train
from animirror.training.options import CycleganOptions
from animirror.training.options_file import load_options

options = load_options(CycleganOptions, Path(sys.argv[1]))
folder = train(options, max_minutes=0.0)  # stops after its first step
assert load_tensors(folder / "state.safetensors")[1]["step"] == 1
train(options, resume=True)
"""


def launch(options: CycleganOptions, folder: Path) -> None:
    """A stopped and resumed run in two processes on the CPU. Fails with what they printed."""
    folder.mkdir()
    (folder / "options.json").write_text(dump_options(options), encoding="utf-8")
    (folder / "run.py").write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [*command, "run.py", "options.json"],
        env=os.environ | {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_process_answers_what_it_is_given() -> None:
    processes, tensor = Processes(), torch.arange(4.0)
    assert (processes.count, processes.index, processes.is_main) == (1, 0, True)
    for function in (processes.mean, processes.gather, processes.own):
        assert function(tensor) is tensor
    assert processes.any(True)
    assert not processes.any(False)
    assert processes.from_main({"a": 1}) == {"a": 1}


def test_two_processes_train_as_one_with_the_double_batch(data: Path, tmp_path: Path) -> None:
    one = cyclegan_options(data, tmp_path / "one", batch=4, **SHARED)
    two = cyclegan_options(data, tmp_path / "two", batch=2, **SHARED)
    whole = cyclegan.train(one)
    launch(two, tmp_path / "two")
    folder = tmp_path / "two" / "run"
    expected, found = (read_table(run / LOSSES) for run in (whole, folder))
    assert [row["step"] for row in found] == [2, 4]
    for row, other in zip(expected, found, strict=True):
        for name in set(row) - {"seconds"}:
            # The rounding of two halves' sums, which four steps of Adam make larger.
            assert other[name] == pytest.approx(row[name], rel=2e-3), name
    scores, others = (read_table(run / SCORES)[-1]["fd_segformer"] for run in (whole, folder))
    assert others == pytest.approx(scores, rel=0.02)
    states = [load_tensors(run / STATE)[0] for run in (whole, folder)]
    assert states[0].keys() == states[1].keys()
    assert states[1]["random"].shape[0] == 2
    for name in ("drawing_pool.random", "drawing_pool.pictures", "motion_random"):
        assert torch.allclose(states[0][name].float(), states[1][name].float(), atol=0.02)
