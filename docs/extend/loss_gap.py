"""An audit: is the loss of erased records lower than that of records never seen?"""

from dataclasses import dataclass

import semlink as sl
from semlink.channels import channel_of
from semlink.simulator.intervals import mean_interval
from semlink.unlearning.audits.contract import versions_of
from semlink.unlearning.audits.losses import record_losses

GAP = sl.Measure("loss_gap", "1", "none", "Loss gap", "the loss of erased records above that of others", scale="free")


@sl.register("audit", "loss-gap")
@dataclass(frozen=True)
class LossGap(sl.Audit):
    """Mean loss of the forget set less the mean loss of the test set; compare with that of the retrained codec."""

    draws: int = 4
    measures = {GAP.name: GAP}

    def run(self, entries: list, partition: sl.Partition, context: sl.AuditContext) -> list:
        rows, channel = [], channel_of(context.channel)
        for entry, codec in versions_of(entries):
            forget, test = (
                record_losses(codec, getattr(partition, name), channel, context.snr_db, self.draws, context.seed, name)
                for name in ("forget", "test")
            )
            rows.append(context.row(entry, "forget", GAP, mean_interval(forget - test.mean()), self.draws))
        return rows
