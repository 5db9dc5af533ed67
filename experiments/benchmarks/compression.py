"""What the compressors of the classical chain reach, and how long they take.

Run: `python experiments/benchmarks/compression.py`. Images: mean PSNR of those that fit, their share, and
milliseconds of processor time to fit one. CIFAR-10 test images at some numbers of bytes, Kodak photographs at some
bits per pixel. Sentences: bits for each word and mark of Europarl test sentences, without loss; language models by
their cross-entropy. Reads the folder in SEMLINK_DATA. One thread; the transformer only with `--transformer STEPS`.
"""

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from semlink.codecs.digital.compression import COMPRESSORS
from semlink.codecs.digital.language.transformer import TransformerModel
from semlink.codecs.digital.language.word_ngram import WordNgram
from semlink.codecs.text.tokenizer import TextTokenizer
from semlink.errors import CodecError, SourceError
from semlink.simulator.sources import build_source
from semlink.simulator.sources.subset import subset

BYTES = (64, 96, 128, 192, 256)
BITS_PER_PIXEL = (0.25, 0.5)
IMAGES = {"cifar10": 100, "kodak": 6}
SENTENCES, ORDERS = 500, (1, 2, 3, 4)


def images(name: str, compressor: Any, payloads: Sequence[Any], limits: Sequence[float], unit: str) -> None:
    """One line: what a compressor does within each limit, in bits for each pixel."""
    told = []
    for limit in limits:
        began = time.process_time()
        found = [compressor.fit(payload, int(limit * payload[..., 0].size)) for payload in payloads]
        took = (time.process_time() - began) / len(payloads) * 1000
        fitted = [(one, bits) for one, bits in zip(payloads, found, strict=True) if bits is not None]
        psnr = [
            10 * np.log10(255**2 / np.square(compressor.restore(bits, one.shape) - one.astype(float)).mean())
            for one, bits in fitted
        ]
        label = f"{limit * 128:g}" if unit == "bytes" else f"{limit:g}"  # 32 x 32 pixels are 128 bytes at 1 bit each
        mean = f"{np.mean(psnr):.2f} dB" if psnr else "nothing fits"
        told.append(f"{label} {unit}: {mean} ({len(fitted)}/{len(payloads)}, {took:.0f} ms)")
    print(f"{name}: " + ", ".join(told), flush=True)


def all_images() -> None:
    limits = {"cifar10": [size / 128 for size in BYTES], "kodak": list(BITS_PER_PIXEL)}
    for source, count in IMAGES.items():
        payloads = [record.payload for record in subset(build_source(source).test, count, 0)]
        print(f"{source}, {count} images")
        for name in (name for name in COMPRESSORS if COMPRESSORS[name].modality == "image"):
            try:
                images(name, COMPRESSORS[name](), payloads, limits[source], "bytes" if source == "cifar10" else "bpp")
            except CodecError as error:
                print(f"{name}: {error}")


def all_sentences(steps: int) -> None:
    reader = TextTokenizer.learn([], "word", 2, 1, lower_case=True)
    source = build_source("europarl")
    train = [reader.words(record.payload) for record in source.train]
    test = [reader.words(record.payload) for record in subset(source.test, SENTENCES, 0)]
    words = sum(map(len, test))
    print(f"europarl, {len(train)} sentences to learn from, {len(test)} to send with {words} words and marks")
    for name in (name for name in COMPRESSORS if COMPRESSORS[name].modality == "text"):
        kind = COMPRESSORS[name]
        compressor = kind.learn(train) if kind.learns else kind()
        began = time.process_time()
        found = [compressor.fit(sentence, 10**7) for sentence in test]
        took = (time.process_time() - began) / len(test) * 1000
        bits = sum(len(one) for one in found if one is not None)
        print(f"{name}: {bits / words:.2f} bits a word, {took:.1f} ms a sentence", flush=True)
    for order in ORDERS:
        began = time.process_time()
        model = WordNgram.learn(train, order)
        took = time.process_time() - began
        print(f"{order}-gram: {model.cross_entropy(test).sum() / words:.3f} bits a word, learned in {took:.0f} s")
    if steps:
        began = time.process_time()
        transformer = TransformerModel.learn(train, steps, seed=0)
        took = time.process_time() - began
        bits_a_word = transformer.cross_entropy(test).sum() / words
        print(f"transformer, {steps} steps: {bits_a_word:.3f} bits a word, learned in {took:.0f} s of one core")


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description="Rates of the compressors of the classical chain.")
    parser.add_argument("--transformer", type=int, default=0, metavar="STEPS", help="train a transformer as well")
    steps = parser.parse_args().transformer
    try:
        all_images()
        all_sentences(steps)
    except SourceError as error:
        print(error)


if __name__ == "__main__":
    main()
