"""Membership inference: can the loss of a record tell that the codec was trained on it?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from semlink.channels import channel_of
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import AuditError
from semlink.simulator.measure import Measure, by_name
from semlink.simulator.results import Row
from semlink.simulator.sources.subset import subset
from semlink.simulator.sweep import Entry
from semlink.unlearning.audits.contract import Audit, AuditContext, first_retrained, versions_of
from semlink.unlearning.audits.losses import record_losses
from semlink.unlearning.audits.paired_area import paired_area_difference
from semlink.unlearning.audits.separation import area_under_curve, rate_at_false_alarms
from semlink.unlearning.contract import Partition

MEASURES = by_name(
    Measure(
        "membership_auc",
        "1",
        "lower",
        "Membership attack (AUC)",
        "the area under the curve of the membership attack",
        "0.5: the attack cannot tell erased records from records never seen; 1: it always can",
        interval="other",
    ),
    Measure(
        "membership_tpr_at_1_percent_fpr",
        "1",
        "lower",
        "Members found at 1\u00a0% false alarms",
        "the share of erased records that the membership attack finds at 1\u00a0% false alarms",
        "0.01: the attack cannot tell erased records from records never seen",
        interval="rate",
    ),
)


@dataclass(frozen=True)
class Membership(Audit):
    """Guesses that the records of lower loss were trained on: forget set against test set, for each version.

    score(x) = -mean over draws of rec(x)

    `membership_auc` is the chance that a forgotten record scores above a test record (0.5: cannot be told), given also
    as the paired difference erased minus retrained; `membership_tpr_at_1_percent_fpr` the share of forgotten records
    found while 1 % of the test records are accused wrongly (0.01: cannot be told). Where a request selects a class, an
    owner or words, the two sets differ in kind as well, so the retrained codec's value is what to reach. A value below
    it is a trace too: the erased codec knows the records as *worse* than unseen. One threshold for all records makes a
    weak attack; passing it proves nothing. Of several retrained codecs each has its rows, and the first is subtracted.

    Fields: draws: passages a record (8). records: at most so many of each set are measured (1000).
    Errors: AuditError when the retrained codec is missing, or a set has fewer than two records.
    Source: B. Hilprecht et al., Monte Carlo and Reconstruction Membership Inference Attacks against Generative Models,
            2019. Differs: each reconstruction passes the channel.
    """

    name: ClassVar[str] = "membership"
    measures: ClassVar[Mapping[str, Measure]] = MEASURES
    least: ClassVar[Mapping[str, int]] = {"draws": 1, "records": 2}

    draws: int = 8
    records: int = 1000

    def run(self, entries: Sequence[Entry], partition: Partition, context: AuditContext) -> list[Row]:
        versions = versions_of(entries, every=True)
        if min(len(partition.forget), len(partition.test)) < 2:
            raise AuditError("membership needs two records in the forget and the test set; choose a wider request.")
        channel = channel_of(context.channel)
        sets = {name: subset(getattr(partition, name), self.records, context.seed) for name in ("forget", "test")}

        def scores_of(codec: NeuralCodec[Any], name: str) -> NDArray[np.float64]:
            return -record_losses(codec, sets[name], channel, context.snr_db, self.draws, context.seed, name)

        scores = [(scores_of(codec, "forget"), scores_of(codec, "test")) for _, codec in versions]
        rows = []
        for (entry, _), (members, others) in zip(versions, scores, strict=True):
            area = area_under_curve(members, others)
            share_found = rate_at_false_alarms(members, others, 0.01)
            for name, interval in zip(MEASURES, (area, share_found), strict=True):
                rows.append(context.row(entry, "forget", MEASURES[name], interval, self.draws))
        retrained = scores[first_retrained([entry for entry, _ in versions])]
        for (entry, _), mine in zip(versions, scores, strict=True):
            if entry.version == "erased":
                difference = paired_area_difference(mine, retrained)
                auc = MEASURES["membership_auc"]
                rows.append(context.row(entry, "forget", auc, difference, self.draws, minus="retrained"))
        return rows
