"""Relearning: does what was forgotten come back when training goes on without it?"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

from semlink.channels import build_channel
from semlink.errors import WrongField
from semlink.simulator.intervals import mean_interval
from semlink.simulator.results import Row
from semlink.simulator.sweep import Entry
from semlink.simulator.training import TrainingSettings, train
from semlink.unlearning.audits.contract import Audit, Setting, versions_of
from semlink.unlearning.audits.losses import record_losses
from semlink.unlearning.contract import Partition


@dataclass(frozen=True)
class Relearn(Audit):
    """Trains copies of the erased and the retrained codec on the retain set, alike, and compares their losses.

    No erased record is shown. A loss on the forget set that falls below the retrained codec's was only hidden, not
    erased. `loss` is before, `relearned_loss` after that training, on forget and test set; each also as the paired
    difference erased minus retrained, where 0 is what forgetting should give and less is memory.

    Fields: steps: of training (300). rate: peak learning rate, with warm-up and cosine decay (3e-4). batch: records
            a step (64). draws: passages a record when measuring (4).
    Errors: AuditError when the retrained codec is missing or a set is empty; SourceError when there is no validation
            set, which training reports on.
    """

    steps: int = 300
    rate: float = 3e-4
    batch: int = 64
    draws: int = 4

    def __post_init__(self) -> None:
        if self.draws < 1:
            raise WrongField(f"relearn cannot take draws={self.draws}; give at least 1.")

    def run(self, entries: Sequence[Entry], partition: Partition, setting: Setting) -> list[Row]:
        versions = versions_of(entries)
        channel = build_channel(setting.channel)
        settings = TrainingSettings(
            steps=self.steps,
            batch=self.batch,
            learning_rate=self.rate,
            warmup=min(50, self.steps // 10),
            snr_db=setting.snr_db,
            validate=self.steps,
        )
        losses = {}
        for version in ("erased", "retrained"):
            before = versions[version][1]
            after = copy.deepcopy(before)
            label = f"relearn {setting.experiment} {version}"
            train(after, partition.retain, partition.validation, channel, settings, setting.seed, label)
            for metric, codec in (("loss", before), ("relearned_loss", after)):
                for name, records in (("forget", partition.forget), ("test", partition.test)):
                    losses[metric, name, version] = record_losses(
                        codec, records, channel, setting.snr_db, self.draws, setting.seed, name
                    )
        unit = "nats/token" if versions["erased"][1].modality == "text" else "1"
        rows = []
        for (metric, name, version), values in losses.items():
            entry = versions[version][0]
            rows.append(setting.row(entry, name, metric, mean_interval(values), unit, self.draws))
            if version == "erased":
                difference = mean_interval(values - losses[metric, name, "retrained"])
                rows.append(setting.row(entry, name, metric, difference, unit, self.draws, minus="retrained"))
        return rows
