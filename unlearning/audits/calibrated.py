"""The loss attack, calibrated for each record: how much less does a codec lose on it than codecs that never saw it?"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from semlink.channels import channel_of
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import AuditError
from semlink.simulator.intervals import Interval, mean_interval
from semlink.simulator.measure import Measure, by_name
from semlink.simulator.results import Row
from semlink.simulator.sources.contract import Record
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep import Entry
from semlink.unlearning.audits.contract import Audit, AuditContext, versions_of
from semlink.unlearning.audits.losses import UNITS, exclusive_ids, part_losses, record_losses
from semlink.unlearning.audits.separation import area_under_curve, rate_at_false_alarms
from semlink.unlearning.contract import Partition

Floats = NDArray[np.float64]

FALSE_ALARMS = 0.01
MATCHED = 30  # unseen records that the request matches, from which they are taken instead of the test set
MEASURES = by_name(
    Measure(
        "calibrated_auc",
        "1",
        "lower",
        "Calibrated membership attack (AUC)",
        "the area under the curve of the calibrated membership attack",
        "0.5: the attack cannot tell erased records from records never seen; 1: it always can",
        interval="other",
    ),
    Measure(
        "calibrated_tpr_at_1_percent_fpr",
        "1",
        "lower",
        "Members found at 1\u00a0% false alarms, calibrated",
        "the share of erased records that the calibrated attack finds at 1\u00a0% false alarms",
        "0.01: the attack cannot tell erased records from records never seen",
        interval="rate",
    ),
    Measure(
        "excess_loss",
        "1",
        "none",
        "Loss beyond the retrained codecs'",
        "the loss beyond that of retrained codecs",
        "0: as a codec that never saw the records; below: it knows more of them; above: less",
        scale="free",
    ),
)


@dataclass(frozen=True)
class CalibratedLoss(Audit):
    """Guesses that a record was trained on where its loss is lower than the retrained codecs' loss of the same record.

    score(x) = mean over references of loss_reference(x) - loss(x)

    References are the retrained codecs; one of these is judged by the others. What makes a record easy or hard is in
    both terms, so that little knowledge of single records shows which a threshold on the loss alone cannot find.
    `calibrated_auc` is the chance that an erased record scores above an unseen one, and `excess_loss` the mean of
    -score over the erased records. The unseen records are those that the request matches as well, such as unseen
    records of the erased class, where there are 30 or more (then names end in `others=matched`), or else the test set.

    Of text each is also given by kind of token, `part=named`: tokens that only erased records hold, and `part=others`:
    all others. A codec can forget names and know the sentences around them by heart. Unseen records hold no such names,
    so of these there is `excess_loss` alone.

    The interval of the area adds the variance over records (DeLong's) and that over references, which of two
    references is wide; of one it is not known, and left out.

    Fields: draws: passages a record (8). records: at most so many of each set are measured (1000).
    Errors: AuditError when there are fewer than two retrained codecs, or fewer than two records in a set.
    Source: L. Watson et al., On the Importance of Difficulty Calibration in Membership Inference Attacks, 2022.
            Differs: each loss is a mean over passages of the channel, and references are retrained without the data.
    """

    name: ClassVar[str] = "calibrated-loss"
    measures: ClassVar[Mapping[str, Measure]] = MEASURES
    least: ClassVar[Mapping[str, int]] = {"draws": 1, "records": 2}

    draws: int = 8
    records: int = 1000

    def run(self, entries: Sequence[Entry], partition: Partition, context: AuditContext) -> list[Row]:
        versions = versions_of(entries, every=True)
        references = [place for place, (entry, _) in enumerate(versions) if entry.version == "retrained"]
        if len(references) < 2:
            raise AuditError(
                "calibrated-loss needs two retrained codecs, one to judge the other by; make another with: "
                "semlink erase ... --method retrain --seed N, or in a recipe erasure.retrained: 2."
            )
        matched = len(partition.forget_test) >= MATCHED
        others = partition.forget_test if matched else partition.test
        if min(len(partition.forget), len(others)) < 2:
            raise AuditError("calibrated-loss needs two records in forget and test set; choose a wider request.")
        sets = {"forget": partition.forget, "test": others}
        chosen = {name: subset(records, self.records, context.seed) for name, records in sets.items()}
        named = exclusive_ids(versions[0][1], partition.forget, partition.retain)
        measured = [self._losses(codec, chosen, named, context) for _, codec in versions]
        rows = []
        for place, (entry, codec) in enumerate(versions):
            beside = [measured[other] for other in references if other != place]
            for part, (erased, unseen) in measured[place].items():
                rows += self._rows(
                    entry,
                    context,
                    [setting for setting in (part, "others=matched" if matched else "") if setting],
                    UNITS.get(codec.delivers, "1"),
                    np.stack([of[part][0] - erased for of in beside]),
                    np.stack([of[part][1] - unseen for of in beside]),
                )
        return rows

    def _losses(
        self,
        codec: NeuralCodec[Any],
        sets: Mapping[str, Sequence[Record]],
        named: Tensor | None,
        context: AuditContext,
    ) -> dict[str, tuple[Floats, Floats]]:
        """Losses of the erased and of the unseen records: of whole records, and of each kind of token."""
        channel = channel_of(context.channel)
        common = (channel, context.snr_db, self.draws, context.seed)
        losses = {"": [record_losses(codec, records, *common, name) for name, records in sets.items()]}
        if named is not None and len(named):
            by_part = [part_losses(codec, records, named, *common, name) for name, records in sets.items()]
            losses |= {"part=named": [of[0] for of in by_part], "part=others": [of[1] for of in by_part]}
        return {part: (erased, unseen) for part, (erased, unseen) in losses.items()}

    def _rows(
        self,
        entry: Entry,
        context: AuditContext,
        settings: Sequence[str],
        unit: str,
        erased: Floats,
        unseen: Floats,
    ) -> list[Row]:
        """In: scores of erased and unseen records by each reference, float64 [references, records], NaN where none."""

        def measure(name: str) -> Measure:
            return MEASURES[name].with_setting(",".join(settings)) if settings else MEASURES[name]

        erased, unseen = (scores[:, ~np.isnan(scores[0])] for scores in (erased, unseen))
        rows = []
        if erased.shape[1] >= 2:
            excess = replace(measure("excess_loss"), unit=unit)
            rows.append(context.row(entry, "forget", excess, mean_interval(-erased.mean(axis=0)), self.draws))
            if unseen.shape[1] >= 2:
                area = calibrated_area(erased, unseen)
                rows.append(context.row(entry, "forget", measure("calibrated_auc"), area, self.draws))
            if unseen.shape[1] * FALSE_ALARMS >= 1:
                found = rate_at_false_alarms(erased.mean(axis=0), unseen.mean(axis=0), FALSE_ALARMS)
                share = measure("calibrated_tpr_at_1_percent_fpr")
                rows.append(context.row(entry, "forget", share, found, self.draws))
        return rows


def calibrated_area(members: Floats, others: Floats, confidence: float = 0.95) -> Interval:
    """The area under the curve of the mean score over references, with an interval over records and references.

    variance = DeLong's over records + that of the jackknife over references (none where there is one reference)

    In:     scores by each reference, float64 [references, m] and [references, n].
    Errors: ValueError when either has fewer than two records.
    """
    area = area_under_curve(members.mean(axis=0), others.mean(axis=0), confidence)
    if len(members) < 2:
        return area
    without = [
        area_under_curve(*(np.delete(scores, place, axis=0).mean(axis=0) for scores in (members, others))).value
        for place in range(len(members))
    ]
    variance = (len(without) - 1) * float(np.var(without))
    spread = float(stats.t.ppf((1 + confidence) / 2, len(without) - 1)) * math.sqrt(variance)  # few references
    low = area.value - math.hypot(area.value - area.low, spread)
    high = area.value + math.hypot(area.high - area.value, spread)
    return replace(area, low=max(0.0, low), high=min(1.0, high))
