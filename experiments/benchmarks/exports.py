"""Exports beside the codecs they are made of, in one run: `python experiments/benchmarks/exports.py`.

For each codec and format: the size of the files beside that of the weights; the time of one example, encoded and
decoded in one thread, beside torch (medians of 20, taken in turn); the largest difference of what the decoder gives.
Image codecs are those that come with semlink; text codecs are untrained, with the vocabulary of Python's documentation,
and say as many words as they can, so that all formats do equal work. Formats whose packages are missing are left out,
which is said.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from semlink.channels import build_channel
from semlink.channels.contract import Frame, Reception
from semlink.codecs.building import new_codec
from semlink.codecs.bundle import load_bundle
from semlink.codecs.interop.comparing import compare
from semlink.codecs.interop.exported import open_export
from semlink.codecs.interop.exporting import FORMATS, export_codec
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import CodecError
from semlink.experiments.workflow.codec_folders import find_bundle
from semlink.seeding import generator_for
from semlink.simulator.sources import build_source

SNR_DB, RECORDS = 12.0, 4
IMAGES = ("image-digits", "image-cifar10-deepjscc")


def codecs() -> Iterator[tuple[str, NeuralCodec[Any], Any]]:
    """The name of a codec, the codec, and a batch for it."""
    for name in IMAGES:
        codec = load_bundle(find_bundle(name)).codec
        config: Any = codec.config
        shape = (RECORDS, config.channels, config.height, config.width)
        yield name, codec, torch.rand(shape, generator=generator_for(0, "exports"))
    sentences = [record.payload for record in build_source("python-docs").train]
    for name in ("text", "deepsc"):
        codec = new_codec(name, {}, sentences, seed=0).eval()
        yield f"{name}, untrained", codec, codec.prepare(sentences[:RECORDS])


def arrived(frame: Frame) -> Reception:
    reception: Reception = build_channel("awgn")(frame, SNR_DB, generator_for(0, "exports"))
    return reception


def main() -> None:
    torch.set_num_threads(1)
    print("| codec | format | files, MB | of the weights | torch, ms | exported, ms | of torch | largest difference |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    missing: dict[str, str] = {}
    for name, codec, batch in codecs():
        for kind in FORMATS:
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder, "export")
                try:
                    export_codec(codec, "sha256:0", kind, "both", out)
                    comparison = compare(open_export(out, codec, "sha256:0"), out, batch, arrived)
                except CodecError as error:
                    missing[kind] = str(error)
                    continue
            stored, exported = comparison.seconds
            print(
                f"| {name} | {kind} | {comparison.size / 1e6:.2f} | {comparison.size / comparison.weights:.2f}x "
                f"| {1e3 * stored:.2f} | {1e3 * exported:.2f} | {exported / stored:.2f}x | {comparison.outputs:.0e} |",
                flush=True,
            )
    for kind, reason in missing.items():
        print(f"{kind} is left out: {reason}")


if __name__ == "__main__":
    main()
