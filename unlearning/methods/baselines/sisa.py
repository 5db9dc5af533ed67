"""SISA: where each record taught one part of a codec alone, forgetting it means training that part again."""

from dataclasses import dataclass
from typing import Any, ClassVar

from semlink.codecs.contract import NeuralCodec, Trait
from semlink.errors import ErasureError
from semlink.simulator.training import records_of, settings_of, train_part
from semlink.unlearning.contract import Erasure, Method, Reads


@dataclass(frozen=True)
class Sisa(Method):
    """Trains those parts of a codec from nothing that learned from a record of the forget set, on what they retain.

    All other parts stay bit for bit as they are. They never met the erased records: parts are trained one after the
    other, each with an optimiser, a gradient limit and a choice of the best weights of its own. So the erasure is
    exact, and with the seed of the training its result is, bit for bit, that of training the whole codec again. One
    thing is shared: with `keep: best` parts choose their weights by all validation records, and those that match the
    request stay in the choice of parts that are not trained again; `keep: last` chooses nothing.

    It costs a share of retraining that grows with the parts affected: 1 of S for one record, nearly all of them for as
    many records as parts or for a class. Slices, which save a part's own beginning, are not implemented.

    Reads:  forget set, only to tell the affected parts; retain set; validation set, as training did.
    Errors: ErasureError when a set is empty or a part retains no records.
    Source: Bourtoule et al., Machine Unlearning (SISA), 2021. Differs: no slices.
    """

    name: ClassVar[str] = "sisa"
    reads: ClassVar[tuple[Reads, ...]] = ("forget", "retain", "validation")
    needs: ClassVar[frozenset[Trait]] = frozenset({"sharded"})

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        codec, partition, context = erasure.codec, erasure.partition, erasure.context
        erased, fresh = erasure.erased, context.fresh()
        affected = sorted({codec.part_of(record.payload) for record in partition.forget})
        kept = {part: records_of(codec, part, partition.retain) for part in affected}
        for part, records in kept.items():
            if not records:
                raise ErasureError(f"Part {part + 1} of the codec would retain no records; use fewer parts.")
        for part, records in kept.items():
            outcome = train_part(
                fresh,
                part,
                partition.retain,
                partition.validation,
                context.channel,
                context.training,
                context.seed,
                context.label,
                context.checkpoint,
                context.transform,
            )
            erased.parts[part].load_state_dict(fresh.parts[part].state_dict())
            settings = settings_of(context.training, part, len(codec.parts))
            erasure.steps += settings.steps
            erasure.samples += settings.steps * min(settings.batch, len(records))
            erasure.earlier_seconds += outcome.earlier_seconds
        erasure.notes |= {"parts": len(codec.parts), "parts_trained_again": len(affected)}
        return erased
