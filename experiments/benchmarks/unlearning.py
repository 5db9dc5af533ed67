"""Methods beside each other on one MNIST codec.

Run: `python experiments/benchmarks/unlearning.py METHOD[:field=value,...] ...`. Trains an image codec (bandwidth
ratio 1/8, AWGN, 0 to 20 dB) on the first images, and erases those of some owners, blocks of 100. For the original and
each method: mean PSNR of erased and of test images at 12 dB; membership AUC, which is the chance that an erased image
has less loss than a test image; PSNR of both to the retrained codec's output; seconds; gradient steps. With few
images (`--limit 300 --owners 1`) the codec memorises them; with thousands it does not. Reads SEMLINK_DATA. One
thread.
"""

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from semlink.channels import build_channel
from semlink.codecs.building import new_codec
from semlink.codecs.neural_codec import NeuralCodec
from semlink.registry import build, parse
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.link import transmit
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import Record, Source
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep import Entry
from semlink.simulator.training import train
from semlink.simulator.training_settings import TrainingSettings
from semlink.unlearning.audits.contract import AuditContext
from semlink.unlearning.audits.information import Information
from semlink.unlearning.audits.losses import record_losses
from semlink.unlearning.audits.separation import area_under_curve
from semlink.unlearning.contract import ErasureContext, Partition
from semlink.unlearning.methods import METHODS

FIELDS = {
    "patch": 7, "bandwidth_ratio": 0.125, "d_model": 64, "feed_forward": 128, "encoder_layers": 1, "decoder_layers": 1,
}  # fmt: skip
SNR_DB, DRAWS, MEASURED = 12.0, 4, 1000
CHANNEL = build_channel("awgn")


def divided(source: Source, owners: int, validation: bool) -> Partition:
    """The first owners' images are erased. For tuning, the validation images stand in for the test images."""
    names = sorted({record.owner for record in source.train})[:owners]
    forget = [record for record in source.train if record.owner in names]
    retain = [record for record in source.train if record.owner not in names]
    return Partition(forget, retain, source.validation, source.validation if validation else source.test)


@torch.no_grad()
def output(codec: NeuralCodec[Any], records: Sequence[Record]) -> torch.Tensor:
    batch = batch_of(codec, records)
    estimate: torch.Tensor = codec.decode(transmit(codec, CHANNEL, batch, SNR_DB, generator_for(0, "output")).reception)
    return estimate


def psnr(errors: Any) -> float:
    return float(np.mean(-10 * np.log10(np.asarray(errors))))


def line(name: str, codec: NeuralCodec[Any], reference: NeuralCodec[Any], partition: Partition, cost: str) -> None:
    sets = {part: subset(getattr(partition, part), MEASURED, 0) for part in ("forget", "test")}
    losses = {part: record_losses(codec, records, CHANNEL, SNR_DB, DRAWS, 0, part) for part, records in sets.items()}
    area = area_under_curve(-losses["forget"], -losses["test"])
    apart = [
        psnr(((output(codec, records) - output(reference, records)) ** 2).mean(dim=(1, 2, 3)).clamp_min(1e-9))
        for records in sets.values()
    ]
    quality = f"{psnr(losses['forget']):.2f} | {psnr(losses['test']):.2f} | {area.value:.3f}"
    print(f"| {name} | {quality} | {apart[0]:.1f} / {apart[1]:.1f} | {cost} |", flush=True)


def informed(codecs: Sequence[NeuralCodec[Any]], partition: Partition) -> None:
    """The audit of information on original, erased and retrained codec, in more and more components."""
    names = (("original", "none"), ("erased", "last"), ("retrained", "retrain"))
    entries = [Entry(codec, "mnist", *name) for codec, name in zip(codecs, names, strict=True)]
    print("\n| estimator | components | set | original | erased | retrained | erased - retrained, nats |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for estimator in ("gaussian", "nearest"):
        for components in (1, 2, 5, 10, 20):
            audit = Information(components=components, estimator=estimator)
            rows = audit.run(entries, partition, AuditContext("mnist", "awgn", SNR_DB, 0))
            for name in ("forget", "test"):
                cells = [f"{row.value:.2f}" for row in rows if row.set == name and row.minus is None]
                apart = next(row for row in rows if row.set == name and row.minus)
                cells.append(f"{apart.value:.2f} ({apart.low:.2f} to {apart.high:.2f})")
                print(f"| {estimator} | {components} | {name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description="Unlearning methods on one MNIST codec.")
    parser.add_argument("methods", nargs="*", metavar="METHOD", help="as the command line of semlink takes them")
    parser.add_argument("--limit", type=int, help="training images (default: all)")
    parser.add_argument("--steps", type=int, default=1500, help="of training (default 1500)")
    parser.add_argument("--owners", type=int, default=2, help="whose images are erased (default 2)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--information", action="store_true", help="audit the information of the last method as well")
    parser.add_argument("--validation", action="store_true", help="measure validation images, for tuning")
    chosen = parser.parse_args()
    source = build_source("mnist", {} if chosen.limit is None else {"limit": chosen.limit})
    partition = divided(source, chosen.owners, chosen.validation)
    training = TrainingSettings(
        steps=chosen.steps, batch=32, learning_rate=0.002, warmup=chosen.steps // 25, snr_db=(0.0, 20.0), validate=500
    )

    def fresh(seed: int) -> NeuralCodec[Any]:
        return new_codec("image", FIELDS, [source.train[0].payload], seed)

    original = fresh(chosen.seed)
    taught = train(original, source.train, source.validation, CHANNEL, training, chosen.seed)
    context = ErasureContext(CHANNEL, training, chosen.seed + 1, lambda: fresh(chosen.seed + 1))
    print(f"{len(partition.forget)} of {len(source.train)} images erased, {chosen.steps} steps, seed {chosen.seed}")
    print("| method | erased, dB | test, dB | AUC | to retrained, erased / test, dB | seconds | steps |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    last = original
    retrained = METHODS["retrain"]().erase(original, partition, context)
    line("original", original, retrained.codec, partition, f"{taught.seconds:.1f} | {chosen.steps}")
    line("retrain", retrained.codec, retrained.codec, partition, f"{retrained.seconds:.1f} | {retrained.steps}")
    for text in chosen.methods:
        method = build("method", METHODS, *parse(text))
        erased = method.erase(original, partition, context)
        line(text, erased.codec, retrained.codec, partition, f"{erased.seconds:.1f} | {erased.steps}")
        last = erased.codec
    if chosen.information:
        informed((original, last, retrained.codec), partition)


if __name__ == "__main__":
    main()
