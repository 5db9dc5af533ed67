"""Speed of a sweep beside the naive ways to do it, in one run: `python experiments/benchmarks/sweep.py`.

ours:        each record is encoded once; one decoding serves all SNR points of a batch.
a point:     encodes and decodes the set again for every SNR point, as most published scripts do.
a record:    the same, one record at a time.
All three measure the same codec, records, points and one cheap metric. Medians over rounds, one thread.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from semlink.channels import build_channel
from semlink.codecs.building import new_codec
from semlink.codecs.neural_codec import NeuralCodec
from semlink.seeding import generator_for
from semlink.simulator.metrics.accuracy import Accuracy
from semlink.simulator.metrics.image_error import ImageError
from semlink.simulator.sources import build_source
from semlink.simulator.sources.contract import Record
from semlink.simulator.sweep import Entry, measure
from semlink.simulator.sweep_settings import SweepSettings

POINTS = (0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0)
RECORDS, BATCH, DRAWS, ROUNDS = 128, 64, 2, 3
METRICS = {"text": Accuracy(), "image": ImageError()}
CASES: dict[str, tuple[str, Mapping[str, object]]] = {
    "text": ("python-docs", {"variational": True}),
    "image": ("digits", {"bandwidth_ratio": 0.25}),
}


def ours(codec: NeuralCodec[Any], records: list[Record]) -> None:
    settings = SweepSettings(POINTS, RECORDS, DRAWS, None, BATCH)
    measure([Entry(codec, "bench")], records, "rayleigh", "test", [METRICS[codec.modality]], settings, "bench", 0)


@torch.no_grad()
def naive(codec: NeuralCodec[Any], records: list[Record], size: int) -> None:
    channel = build_channel("rayleigh")
    for snr_db in POINTS:
        for draw in range(DRAWS):
            for start in range(0, len(records), size):
                payloads = [record.payload for record in records[start : start + size]]
                frame = codec.encode(codec.prepare(payloads))
                estimate = codec.decode(channel(frame, snr_db, generator_for("bench", snr_db, draw, start)))
                METRICS[codec.modality].statistics(codec.reference(payloads), codec.as_metric_input(estimate))


def seconds(call: Callable[[], None]) -> float:
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def main() -> None:
    torch.set_num_threads(1)
    print(f"{RECORDS} records, {len(POINTS)} points, {DRAWS} draws; seconds, and how many times slower than ours")
    for name, (source_name, fields) in CASES.items():
        source = build_source(source_name)
        codec = new_codec(name, fields, [record.payload for record in source.train], seed=0).eval()
        records = list(source.test[:RECORDS])
        base = seconds(partial(ours, codec, records))
        point = seconds(partial(naive, codec, records, BATCH))
        record = seconds(partial(naive, codec, records, 1))
        print(
            f"{name}: ours {base:.2f}, a point {point:.2f} ({point / base:.1f}x), "
            f"a record {record:.2f} ({record / base:.1f}x)"
        )


if __name__ == "__main__":
    main()
