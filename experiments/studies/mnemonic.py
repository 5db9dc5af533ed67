"""What a mnemonic erasure changed, for which classes it works, and what brings the class back.

`python experiments/studies/mnemonic.py RUN/EXPERIMENT` with a folder that `semlink run` made of a recipe of
mnemonic/, in which are `original`, `mnemonic` and `retrained`. It prints, in percent, AR, the accuracy on test images
of the other classes, and EF, 100 less the accuracy on those of the erased class, with the seconds that an erasure
took.
"""

import copy
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from semlink.channels import build_channel
from semlink.codecs.bundle import load_bundle
from semlink.codecs.neural_codec import NeuralCodec
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.preparation import prepare_stored
from semlink.experiments.workflow.stored_recipe import recipe_of
from semlink.experiments.workflow.training_records import chain_of
from semlink.seeding import generator_for
from semlink.simulator.batches import Batches, batch_of
from semlink.simulator.link import transmit
from semlink.simulator.sources.subset import subset
from semlink.unlearning.contract import Erasure, ErasureContext, Partition
from semlink.unlearning.methods.mnemonic.codes import CODES_FILE, MnemonicCodes
from semlink.unlearning.methods.mnemonic.mnemonic import Mnemonic
from semlink.unlearning.methods.parts.descent import Descent, descend, send

Codec = NeuralCodec[Any]
POINTS = (0.0, 6.0, 12.0, 18.0)
ENDS = ("both", "sender", "receiver")
SCALES, CAPS = (1e-4, 1e-3, 1e-2), (1.0, 3.0, 10.0, 30.0)
LOOKED_AT = 2000  # validation images
RATE, STEPS, BATCH = 3e-4, (10, 50, 250), 64  # of relearning


class Study:
    """The versions of a codec, its test images and what a method knows."""

    def __init__(self, folder: Path) -> None:
        bundle = load_bundle(folder / "original")
        recipe = recipe_of(bundle)
        assert recipe.training is not None, "a stored codec was trained"
        codes = MnemonicCodes.restored(bundle.protected[CODES_FILE])
        request = chain_of(load_bundle(folder / "mnemonic")).requests()[-1].request
        prepared = prepare_stored([bundle], request, Machine())
        assert prepared.partition is not None
        self.original = bundle.codec
        self.erased, self.retrained = (load_bundle(folder / name).codec for name in ("mnemonic", "retrained"))
        settings = load_bundle(folder / "mnemonic").card["method"]
        self.method = Mnemonic(
            **{name: value for name, value in settings.items() if name not in ("name", "as", "label")}
        )
        self.partition, source = prepared.partition, prepared.source
        channel = build_channel(recipe.channel)
        self.context = ErasureContext(channel, recipe.training, recipe.seed, lambda: self.original, codes=codes)
        self.test, self.validation = (
            batch_of(self.original, records)
            for records in (source.test, subset(source.validation, LOOKED_AT, recipe.seed))
        )
        law = recipe.training.snr_db
        self.point = 12.0 if isinstance(law, tuple) else law

    def rates(self, codec: Codec, labels: tuple[int, ...], snr_db: float | None = None, batch: Any = None) -> str:
        """AR and EF."""
        ar, ef = self.numbers(codec, labels, snr_db, batch)
        return f"AR {ar:5.1f} EF {ef:5.1f}"

    @torch.no_grad()
    def numbers(
        self, codec: Codec, labels: tuple[int, ...], snr_db: float | None = None, batch: Any = None
    ) -> tuple[float, float]:
        batch, point = self.test if batch is None else batch, self.point if snr_db is None else snr_db
        reception = transmit(codec, self.context.channel, batch, point, generator_for(0, "study", point)).reception
        right = (codec.decode(reception).argmax(dim=1) == batch.labels).double()
        gone = torch.isin(batch.labels, torch.tensor(labels))
        return 100 * right[~gone].mean().item(), 100 * (1 - right[gone].mean().item())

    def erase(self, *labels: int, **fields: Any) -> tuple[Codec, float, dict[str, float | str]]:
        erased = replace(self.method, **fields).erase(
            self.original, Partition((), (), (), (), labels=labels), self.context
        )
        return erased.codec, erased.seconds, erased.notes


def versions(study: Study) -> None:
    labels = study.partition.labels
    for name in ("original", "erased", "retrained"):
        at = "; ".join(f"{point:g} dB {study.rates(getattr(study, name), labels, point)}" for point in POINTS)
        print(f"{name}: {study.rates(getattr(study, name), labels)}; {at}")


def every_class(study: Study) -> None:
    """Also what the codes alone say, which is all that the owner sees when the data are gone."""
    for end in ENDS:
        for label in range(len(study.context.codes.labels) if study.context.codes else 0):
            codec, seconds, notes = study.erase(label, end=end)
            print(
                f"class {label}, {end}: {study.rates(codec, (label,))} in {seconds:.3f} s; on codes "
                f"AR {100 * float(notes['retained_codes_right']):.0f} EF {100 * float(notes['erased_codes_wrong']):.0f}"
            )
    for labels in ((0, 1), (2, 5), (0, 1, 2)):
        print(f"classes {labels}: {study.rates(study.erase(*labels)[0], labels)}")


def grid(study: Study) -> None:
    """The best settings for each class, chosen on validation images, or without data on the codes alone."""
    assert study.context.codes is not None, "the codec was trained with codes"
    labels = study.context.codes.labels.tolist()
    for end in ("both", "receiver"):
        for choice in ("validation images", "codes"):
            found = []
            for label in labels:
                tried = [
                    (*study.erase(label, end=end, scale=scale, cap=cap), scale, cap) for scale in SCALES for cap in CAPS
                ]
                if choice == "codes":
                    best = max(tried, key=lambda one: _on_codes(one[2]))
                else:
                    best = max(tried, key=lambda one: sum(study.numbers(one[0], (label,), batch=study.validation)))
                found.append(study.numbers(best[0], (label,)))
                told = study.rates(best[0], (label,))
                print(f"class {label}, {end}, chosen on {choice}: scale {best[3]:g}, cap {best[4]:g}: {told}")
            ar, ef = (f"{sum(one) / len(one):.1f} (least {min(one):.1f})" for one in zip(*found, strict=True))
            print(f"{end}, chosen on {choice}: mean AR {ar} EF {ef}")


def _on_codes(notes: dict[str, float | str]) -> tuple[float, float]:
    """Right answers first; among equals the smallest change."""
    told = {name: float(notes[name]) for name in ("retained_codes_right", "erased_codes_wrong", "largest_change")}
    return told["retained_codes_right"] + told["erased_codes_wrong"], -told["largest_change"]


def single_tensors(study: Study) -> None:
    """Each parameter tensor as it was, the others erased; and the other way round."""
    labels, before, after = study.partition.labels, study.original, study.erased
    for name, value in before.named_parameters():
        restored, alone = copy.deepcopy(after), copy.deepcopy(before)
        with torch.no_grad():
            restored.get_parameter(name).copy_(value)
            alone.get_parameter(name).copy_(after.get_parameter(name))
        apart = (after.get_parameter(name) - value).norm() / value.norm().clamp_min(1e-12)
        print(
            f"{name}: changed by {100 * apart:.1f} %; restored {study.rates(restored, labels)}; "
            f"alone changed {study.rates(alone, labels)}"
        )


def relearning(study: Study) -> None:
    """EF while codecs are trained on, with the code of the class, one image of it, or neither."""
    labels, codes, seed = study.partition.labels, study.context.codes, study.context.seed
    assert codes is not None, "the codec was trained with codes"
    retain = Batches(study.original, study.partition.retain, BATCH, seed, "study", "cpu")
    code = codes.without(codes.without(labels).labels.tolist()).batch()
    image = batch_of(study.original, study.partition.forget[:1])
    lessons: dict[str, tuple[bool, Any]] = {
        "retained images": (True, None),
        "the code": (False, code),
        "retained images and the code": (True, code),
        "one image": (False, image),
        "retained images and one image": (True, image),
    }
    for version in ("erased", "retrained"):
        for lesson, (with_retain, key) in lessons.items():
            erasure = Erasure(getattr(study, version), study.partition, study.context)
            codec, told, done = erasure.erased, [], 0
            for steps in STEPS:
                loss = _lesson(codec, study.context, retain, with_retain, key, done)
                descend(erasure, loss, Descent(steps - done, RATE, decay=False), f"study {done}")
                done = steps
                told.append(f"{steps} steps {study.rates(codec, labels)}")
            print(f"{version} with {lesson}: {'; '.join(told)}")


def _lesson(
    codec: Codec, context: ErasureContext, retain: Batches, with_retain: bool, key: Any, done: int
) -> Callable[[int, torch.Generator], Tensor]:
    def loss(step: int, generator: torch.Generator) -> Tensor:
        total = torch.zeros(())
        for batch in ([retain[done + step]] if with_retain else []) + ([] if key is None else [key]):
            total = total + codec.loss(batch, send(codec, batch, context, generator).reception).mean()
        return total

    return loss


def main(folder: Path) -> None:
    study = Study(folder)
    for part in (versions, every_class, single_tensors, relearning, grid):
        began = time.monotonic()
        print(f"\n{part.__name__.replace('_', ' ')}")
        part(study)
        print(f"({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
