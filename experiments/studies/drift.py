"""How far reinitialised words drift, beside the retrained codec: `python experiments/studies/drift.py RUN/EXPERIMENT`.

RUN/EXPERIMENT is a folder that `semlink run` made, with `original`, `erased` (or `scu-bounded`) and `retrained` in
it, such as runs/demo/text-python-docs. For several lengths of the drift it prints the mean log-probability, at 12 dB
over AWGN, of the words that only erased sentences hold, at places where retained sentences hold other words.
"""

import copy
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from semlink.channels import build_channel
from semlink.codecs.building import new_codec_like
from semlink.codecs.bundle import load_bundle
from semlink.codecs.neural_codec import NeuralCodec
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.preparation import prepare_stored
from semlink.experiments.workflow.stored_recipe import recipe_of
from semlink.experiments.workflow.training_records import chain_of
from semlink.simulator.batches import Batches
from semlink.simulator.sources.subset import subset
from semlink.unlearning.contract import ErasureContext
from semlink.unlearning.methods.scu import reinitialise
from semlink.unlearning.methods.scu.word_shares import WordShares

SHARES = (0.05, 0.1, 0.2, 0.4, 1.0)  # of the steps of training
RECORDS, SNR_DB = 256, 12.0


@torch.no_grad()
def log_probability(codec: NeuralCodec[Any], words: Tensor, batch: Any) -> float:
    generator = torch.Generator().manual_seed(0)
    reception = build_channel("awgn")(codec.encode(batch), SNR_DB, generator)
    vectors, bias, *_ = codec.element_parameters()
    scores = codec.element_features(batch, reception) @ vectors.T + bias
    return scores.log_softmax(dim=1)[:, words].mean().item()


def main(folder: Path) -> None:
    bundles = {name: load_bundle(folder / name) for name in ("original", "retrained")}
    made = folder / "erased" if (folder / "erased").is_dir() else folder / "scu-bounded"
    recipe = recipe_of(bundles["original"])
    request = chain_of(load_bundle(made)).requests()[-1].request
    partition = prepare_stored([bundles["original"]], request, Machine()).partition
    assert partition is not None
    original: NeuralCodec[Any] = bundles["original"].codec.eval()
    retain = Batches(original, partition.retain, 32, recipe.seed, "retain", "cpu")
    forget = original.prepare([record.payload for record in partition.forget])
    words = WordShares.of(original, forget, retain.all, 1.0).exclusive()
    batch = original.prepare([record.payload for record in subset(partition.retain, RECORDS, 1)])
    assert recipe.training is not None, "a stored codec was trained"
    context = ErasureContext(
        build_channel(recipe.channel), recipe.training, recipe.seed, lambda: new_codec_like(original, recipe.seed)
    )
    print(f"{len(words)} words; retrained {log_probability(bundles['retrained'].codec.eval(), words, batch):.2f}")
    for share in SHARES:
        reinitialise.DRIFT = share
        codec = copy.deepcopy(original)
        reinitialise.reinitialise(codec, words, retain, context)
        print(f"drift of {share:4.0%} of the steps of training: {log_probability(codec, words, batch):.2f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
