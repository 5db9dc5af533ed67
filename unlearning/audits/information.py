"""Information: how much do received symbols tell of the erased records, and of records that nobody trained on?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from semlink.channels import channel_of
from semlink.channels.contract import Channel
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import AuditError, WrongField
from semlink.seeding import generator_for
from semlink.simulator.batches import batch_of
from semlink.simulator.intervals import Interval
from semlink.simulator.link import transmit
from semlink.simulator.measure import Measure, by_name
from semlink.simulator.results import Row
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep import Entry
from semlink.unlearning.audits.contract import Audit, AuditContext, versions_of
from semlink.unlearning.contract import Partition
from semlink.unlearning.information import ESTIMATORS
from semlink.unlearning.information.contract import Estimate, Estimator, from_all

CHUNK = 256
NAMES = ("gaussian", "nearest")
FOLDS = 5  # of both estimators
USUAL_COMPONENTS, USUAL_ESTIMATOR = 5, "gaussian"
MEASURES = by_name(
    Measure(
        "information",
        "nats",
        "lower",
        "Information received (nats)",
        "the information between what is received and the record",
        "estimated between some principal components; compare with the retrained codec, not with 0",
        scale="free",
        interval="other",
    ),
)


@dataclass(frozen=True)
class Information(Audit):
    """Estimates I(Y; X) between the principal components of records and those of what is received, for each version.

    X: the first components of pixels, or of how often each word occurs. They are found on retained records and are the
    same for all versions. Y: the first components of the symbols at the receiver, found for each version on retained
    records. Both leave something out, so that the true I(Y; X) is larger; without the noise of the channel it would
    have no bound.

    Equally many records of forget and test set are measured, so that the bias of the estimator is alike. For the erased
    codec its difference to the retrained one is given as well, over the same folds. A codec that reconstructs what it
    never saw also tells much about it: the retrained codec's value is what to reach, and 0 is not. The audit cannot
    distinguish memory from generalisation: on MNIST a codec that knew images by heart came within 0.1 nats of the
    retrained one, and one that had lost a dB told more (docs/information.md). Membership and relearning look closer.

    Fields: components: of X and of Y (5). Where the sets are too small for so many there are fewer, and the metric's
            name says how many.
            estimator: "gaussian" sees correlations alone, in any number of components; "nearest" sees all, with a
            downward bias that grows with components (see `semlink.unlearning.information`).
            records: at most so many of each set are measured (1000). draws: passages of each record, over which
            estimates are averaged (4).
    Errors: AuditError when the retrained codec is missing, or a set has too few records.
    Source: I(Z; X) as SCU monitors it (Wang, Tian, Zhang and Yu, 2025). Differs: estimators with known bias, beside a
            retrained codec, instead of MINE on one batch.
    """

    name: ClassVar[str] = "information"
    measures: ClassVar[Mapping[str, Measure]] = MEASURES
    least: ClassVar[Mapping[str, int]] = {"components": 1, "records": 2, "draws": 1}

    components: int = USUAL_COMPONENTS
    estimator: str = USUAL_ESTIMATOR
    records: int = 1000
    draws: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.estimator not in NAMES:
            raise WrongField(f"information cannot take estimator={self.estimator}; choose one of: {', '.join(NAMES)}.")

    def run(self, entries: Sequence[Entry], partition: Partition, context: AuditContext) -> list[Row]:
        versions = versions_of(entries)
        channel, estimator = channel_of(context.channel), ESTIMATORS[self.estimator]()
        for name in ("forget", "test"):
            if not getattr(partition, name):
                raise AuditError(f"The {name} set has no records to audit; choose another request or source.")
        count = min(self.records, len(partition.forget), len(partition.test))
        sets = {name: subset(getattr(partition, name), count, context.seed) for name in ("forget", "test")}
        kept, original = subset(partition.retain, self.records, context.seed), versions[0][1]
        # A fold in closed form has to hold more records than X and Y have components.
        components = max(1, min(self.components, (count // FOLDS - 2) // 2))
        basis = _components(content(original, kept), components)
        contents = {name: content(original, records) @ basis for name, records in sets.items()}

        def measured(codec: NeuralCodec[Any]) -> dict[str, Estimate]:
            axes = _components(received(codec, kept, channel, context, "retain", 0), components)
            return {
                name: _averaged(
                    estimator,
                    contents[name],
                    [received(codec, records, channel, context, name, draw) @ axes for draw in range(self.draws)],
                    context,
                    name,
                )
                for name, records in sets.items()
            }

        estimates_of = [measured(codec) for _, codec in versions]
        measure, rows = self._measure(components), []
        for (entry, _), estimates in zip(versions, estimates_of, strict=True):
            for name, estimate in estimates.items():
                rows.append(context.row(entry, name, measure, _interval(estimate, count), self.draws))
                if entry.version == "erased":
                    reference = estimates_of[-1][name]
                    parts = [mine - theirs for mine, theirs in zip(estimate.folds, reference.folds, strict=True)]
                    difference = _interval(from_all(estimate.value - reference.value, parts), count)
                    rows.append(context.row(entry, name, measure, difference, self.draws, minus="retrained"))
        return rows

    def _measure(self, components: int) -> Measure:
        """The measure, which names every setting that is not the usual one."""
        settings = [] if components == USUAL_COMPONENTS else [f"components={components}"]
        settings += [] if self.estimator == USUAL_ESTIMATOR else [f"estimator={self.estimator}"]
        information = MEASURES["information"]
        return information.with_setting(",".join(settings)) if settings else information


def content(codec: NeuralCodec[Any], records: Sequence[Record]) -> Tensor:
    """Each record as a vector: its pixels, or how often each entry of the vocabulary occurs.

    Out: float64 [records, size]. Errors: AuditError for a codec of sentences whose words cannot be counted.
    """
    if codec.modality == "image":
        return torch.from_numpy(np.stack([np.asarray(record.payload).ravel() for record in records])).double()
    ids = codec.element_ids(batch_of(codec, records))
    if ids is None:
        raise AuditError("information needs images, or a codec whose words can be counted; choose another audit.")
    counts = functional.one_hot(ids.cpu().clamp_min(0)) * (ids >= 0).cpu().unsqueeze(-1)
    return counts.sum(dim=1).double()


@torch.no_grad()
def received(
    codec: NeuralCodec[Any], records: Sequence[Record], channel: Channel, context: AuditContext, name: str, draw: int
) -> Tensor:
    """Symbols of one passage of each record, as vectors of the codec's `embed`: float64 [records, size].

    Versions of one codec meet the same fades and noise.
    """
    was_training = codec.training
    codec.eval()
    batch, vectors = batch_of(codec, records), []
    for number, rows in enumerate(torch.arange(len(records)).split(CHUNK)):
        generator = generator_for(context.seed, "information", name, number, draw, device=codec.device)
        reception = transmit(codec, channel, batch[rows.to(codec.device)], context.snr_db, generator).reception
        vectors.append(codec.embed(torch.view_as_real(reception.symbols), reception.mask).double().cpu())
    codec.train(was_training)
    return torch.cat(vectors)


def _components(vectors: Tensor, count: int) -> Tensor:
    """The first principal axes of vectors [n, size]: [size, at most count]."""
    axes: Tensor = torch.linalg.svd(vectors - vectors.mean(dim=0), full_matrices=False).Vh[:count]
    return axes.T


def _averaged(estimator: Estimator, x: Tensor, drawn: Sequence[Tensor], context: AuditContext, name: str) -> Estimate:
    """The mean over draws, value by value and fold by fold; folds hold the same records in each."""
    estimates = [estimator.estimate(x, y, generator_for(context.seed, "information folds", name)) for y in drawn]
    folds = [sum(values) / len(estimates) for values in zip(*(each.folds for each in estimates), strict=True)]
    return from_all(sum(each.value for each in estimates) / len(estimates), folds)


def _interval(estimate: Estimate, count: int) -> Interval:
    return Interval(estimate.value, estimate.low, estimate.high, 0.95, count)
