"""The gallery: every recorded run with its command, its sentences, a curve, and what arrived.

`draw.py` writes it. All of it is drawn from `experiments/results`.
"""

import base64
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from semlink.experiments.report.measurements import Measurements
from semlink.experiments.report.run_files import read_run
from semlink.experiments.report.samples import Sample, data_uri
from semlink.experiments.report.section import key_plots
from semlink.experiments.report.summary import sentences
from semlink.experiments.report.verdicts import MEANINGS, verdicts

RUNS = {  # folder of experiments/results -> title
    "quickstart": "The quickstart: embedded text and digits",
    "calibrated-debugger": "The quickstart's text request beside three retrained codecs, by kind of token",
    "scu-europarl": "A person's name, out of a codec of parliamentary debates",
    "scu-mnist-trigger": "The published protocol: a trigger on MNIST",
    "scu-mnist-share": "The published protocol over the share that goes",
    "scu-fashion-trigger": "The published protocol on clothes",
    "scu-mnist-ends": "The same trigger, forgotten by the sender, the receiver, or both",
    "baselines-mnist": "A trigger out of images, by twenty methods",
    "baselines-europarl": "A name out of sentences, by twenty methods",
    "contrastive-class": "A class out of a codec that infers classes, by seventeen methods",
    "contrastive-cifar10": "A class out of ResNet-18 behind a link",
    "gan-mnist-items": "Records out of a GAN",
    "mnemonic-mlp": "A class by mnemonic codes, out of the published classifier behind a link",
    "mnemonic-link": "The same over noise",
    "gan-mnist-class": "A class out of a GAN, by cascaded unlearning and simpler rows",
    "contrastive-samples": "500 records out of a codec that infers classes, by fourteen methods",
    "contrastive-fashion": "The same with clothes",
    "scu-faces": "A person's portraits, out of a codec of faces",
    "scu-published-text": "The quickstart's text request by SCU as published",
    "text-europarl": "Sentences of the European Parliament",
    "text-europarl-bpe": "The same in pieces of words",
    "text-europarl-autoregressive": "The same with the receiver of DeepSC, word after word",
    "text-python-bpe": "The text codec that comes with semlink, beside the classical chain and its limit",
    "link-text": "Words over radio links: a neural codec, the classical chain and its limits",
    "link-cifar10": "Small photographs over radio links at 1/12: DeepJSCC and the classical chain",
    "link-cifar10-6": "The classical chain at 1/6",
    "link-kodak": "Large photographs at 1/12: DeepJSCC and the classical chain",
    "link-kodak-6": "The classical chain at 1/6, large photographs",
    "link-adaptation": "The cliff: what a sender of the classical chain knows of the link",
    "link-csi": "What channel estimation costs over OFDM, at 3 and 120 km/h",
    "link-mimo": "Antennas: receive diversity and several streams",
    "link-mismatch": "Trained over AWGN, then over OFDM with estimated gains, and tested over both",
    "image-mnist": "MNIST at a bandwidth ratio of 1/8",
    "image-mnist-4": "MNIST at 1/4",
    "image-mnist-16": "MNIST at 1/16",
    "matched-snr": "One adaptive codec beside codecs for one SNR, MNIST at 1/16",
    "image-fashion": "Fashion-MNIST at 1/8",
    "image-cifar10-deepjscc": "CIFAR-10 at 1/12, DeepJSCC",
    "image-cifar10": "CIFAR-10 at 1/12, vision transformer",
    "image-cifar10-deepjscc-6": "CIFAR-10 at 1/6, DeepJSCC",
    "deepjscc-public": "Public DeepJSCC checkpoints, imported: CIFAR-10 at 1/12 and 1/6",
    "kodak-deepjscc": "Kodak photographs through the DeepJSCC codec of CIFAR-10",
}
LINK = "figures/gallery"  # seen from docs/gallery.md
HEAD = """# Gallery

Every run below is recorded in `experiments/results`, and everything here is drawn from those rows by \
`make figures`. The command
under each title makes the run again; `semlink report experiments/results/NAME` draws its whole page. \
Runs on data other than the
embedded ones need the data folder (`SEMLINK_DATA` or `--data-dir`).

A verdict compares an erased codec with a retrained one on the erased records, by paired differences in outputs and \
audits, whose
intervals are widened to hold for all at once. A whole interval beyond the margin: it knows more, or less. One within \
it: it matches.
Any other: not decided, which is no pass. The margin is how far retrained codecs lie apart, from three of them on; \
beside fewer, a tenth of what the original differs from them, which can show a difference but never a match.

{meanings}
"""
SAMPLE_DB = 12.0  # or the nearest Es/N0 that was sampled
SHOWN = 2  # erased records, or where there are none unseen ones


def write_gallery(results: Path, figures: Path) -> str:
    """Writes the figures into a new folder, and returns the text of the page, which finds them in LINK."""
    figures.mkdir(parents=True)
    parts = [HEAD.format(meanings="\n".join(f"- **{word}**: {meaning}." for word, meaning in MEANINGS.items()))]
    for name, title in RUNS.items():
        if (results / name / "results.jsonl").is_file():
            parts.append(f"## {title}\n")
            parts += _run(results / name, figures)
    return "\n".join(parts)


def _run(folder: Path, figures: Path) -> Iterator[str]:
    run = read_run(folder, folder, show_erased=True)  # these data are public
    yield f"```console\n$ {next(iter(run.descriptions.values()))['command']}\n```\n"
    for measured in run.experiments:
        yield " ".join(sentences(measured)) + "\n"
        yield from _verdicts(measured)
        yield _figures(measured, figures) + "\n"
        yield from _samples(run.samples.get(measured.name, ()), figures)


def _verdicts(measured: Measurements) -> Iterator[str]:
    """What each audit found: in words where there is one erased codec, of several a table."""
    judged = verdicts(measured)
    if len(judged) == 1:
        yield from (f"- {found.audit}: **{found.word.lower()}**. {found.detail}" for found in judged[0].findings)
    elif judged:
        audits = [found.audit for found in judged[0].findings]
        yield f"| | Verdict | {' | '.join(audits)} |"
        yield "|---" * (2 + len(audits)) + "|"
        for verdict in judged:
            words = [found.word.lower() for found in verdict.findings]
            yield f"| {verdict.erased.removeprefix('erased · ')} | **{verdict.word}** | {' | '.join(words)} |"
    yield ""


def _figures(measured: Measurements, figures: Path) -> str:
    images = []
    for plot in key_plots(measured, measured.name):
        name = Path(plot.file).name
        (figures / f"{name}.svg").write_text(plot.drawing.svg, encoding="utf-8")
        kind = name.removeprefix(f"{measured.name}-")
        images.append(f"![{measured.name}, {kind}]({LINK}/{name}.svg)")
    return " ".join(images)


def _samples(samples: Sequence[Sample], figures: Path) -> Iterator[str]:
    """What was sent and what arrived, for a few records."""
    for wanted in ("forget", "test"):
        of_set = [sample for sample in samples if sample.set == wanted and sample.channel in ("awgn", "")]
        if of_set:
            break
    else:
        return
    first = of_set[0]
    if first.modality != "text" and any(isinstance(estimate, str) for estimate in first.estimates.values()):
        return  # a class each, which the page of the run shows
    nearest = min((sample.snr_db for sample in of_set), key=lambda snr_db: abs((snr_db or 0.0) - SAMPLE_DB))
    chosen = [sample for sample in of_set if sample.snr_db == nearest][:SHOWN]
    what = "Erased records" if wanted == "forget" else "Unseen records"
    sent = nearest is not None
    yield f"{what} at {nearest:g} dB over AWGN:\n" if sent else f"{what}, and what is made on request of their class:\n"
    if chosen[0].modality == "text":
        for sample in chosen:
            yield "| | |\n|---|---|"
            for version, text in {"sent": sample.reference, **sample.estimates}.items():
                yield f"| {version} | {text.replace('|', ' ')} |"
            yield ""
        return
    file = figures / f"{chosen[0].experiment}-samples.png"
    rows = [
        np.concatenate([_pixels(image) for image in (sample.reference, *sample.estimates.values())], axis=1)
        for sample in chosen
    ]
    Image.fromarray(np.concatenate(rows)).save(file)
    columns = ", ".join(["sent" if sent else "record", *chosen[0].estimates])
    yield f"![From left to right: {columns}]({LINK}/{file.name})\n\nFrom left to right: {columns}.\n"


def _pixels(image: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """An image of a sample with a white margin."""
    content = base64.b64decode(data_uri(image).partition(",")[2])
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    return np.pad(pixels, ((4, 4), (4, 4), (0, 0)), constant_values=255)
