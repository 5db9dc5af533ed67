"""The main job on a CUDA device: run with `make test-gpu` on a machine that has one."""

from pathlib import Path

import pytest
import torch

from semlink.experiments.workflow.experiment import run_experiments
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.recipe_file import load_recipe
from semlink.experiments.workflow.run_plan import ExperimentPlan

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device"),
]
SMALL = [
    "training.steps=8",
    "sweep.records=12",
    "sweep.draws=1",
    "sweep.snr_db=0:12:12",
    "sweep.channels=[awgn, 'tdl-c:transmit=2,receive=2,csi=estimated']",
    "erasure.method=scu:passes=1,stop=none",
]


@pytest.mark.parametrize(("name", "compressor"), [("quickstart-text", "huffman"), ("quickstart-digits", "webp")])
def test_whole_experiment(name: str, compressor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMLINK_HOME", str(tmp_path / "home"))
    beside = f"sweep.baselines=['digital:{compressor}', 'limit:{compressor}']"
    plan = ExperimentPlan(recipes=(load_recipe(name, [*SMALL, beside]),))
    rows = run_experiments(plan, tmp_path / "out", Machine("cuda"), "make test-gpu").rows()
    assert {row.version for row in rows} == {"original", "erased", "retrained"}
    assert {f"digital:{compressor}", f"limit:{compressor}"} < {row.codec for row in rows}
