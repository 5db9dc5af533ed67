"""The report of a run: everything in it comes from the files, is escaped, and needs nothing from outside."""

import dataclasses
import html
import json
import math
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from semlink.errors import ResultsError, SemlinkError
from semlink.experiments.report import summary
from semlink.experiments.report.measurements import Measurements
from semlink.experiments.report.page import write_report
from semlink.simulator.results import Row
from semlink.unlearning.request import request_from

SNRS = [0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0]
TEXT_METRICS = [f"{kind}_bleu{n}" for kind in ("corpus", "sentence") for n in (1, 2, 3, 4)]
TEXT_METRICS += ["word_accuracy", "token_accuracy", "term_recall"]
IMAGE_METRICS = {"psnr": "dB", "psnr_of_mean_mse": "dB", "mse": "1", "ssim": "1"}
COUNTS = {"forget": 48, "retain": 200, "test": 150}
SECONDS = {"original": 412.0, "erased": 21.4, "retrained": 398.0}
SENTENCES = {
    "forget": [
        "a coroutine is awaited by the asyncio event loop until it returns",
        "cancelling a task raises an exception inside the coroutine",
    ],
    "test": ["return a list of the names in the current local scope"],
}


def fake_rows() -> list[Row]:
    """The rows of a run with a text and an image experiment, as the quickstart makes them."""
    return _text_rows() + _image_rows()


def _row(experiment: str, version: str, channel: str, snr_db: float | None, set_name: str, metric: str, value: float,
         half: float, unit: str, n: int, minus: str | None = None) -> Row:  # fmt: skip
    codec = "text-small" if experiment.startswith("text") else "image-small"
    method = {"original": "", "erased": "variational", "retrained": "retrain"}[version]
    low, high = value - half, value + half
    if minus is None and unit == "1":
        low, high = max(0.0, low), min(1.0, high)
    return Row(experiment, codec, version, method, channel, snr_db, set_name, metric, value, low, high, 0.95, n, unit,
               0, "0.1.0", draws=4, minus=minus)  # fmt: skip


def _text_value(metric: str, version: str, channel: str, set_name: str, snr_db: float) -> float:
    rise = 1 / (1 + math.exp(-(snr_db - (4 if channel == "awgn" else 8)) / 2.5))
    order = int(metric[-1]) if metric[-1].isdigit() else 1
    top = {"forget": 0.95, "retain": 0.96, "test": 0.88}[set_name]
    if metric == "term_recall":
        return {"original": 0.93, "erased": 0.05, "retrained": 0.03}[version] * rise
    if set_name == "forget" and version != "original":
        top = 0.66 if version == "erased" else 0.67
    return (top - (0.006 if version == "erased" and set_name == "test" else 0)) * rise**order


def _text_rows() -> list[Row]:
    name, rows = "text-python-docs", []
    for channel in ("awgn", "rayleigh"):
        for set_name, n in COUNTS.items():
            for metric in TEXT_METRICS:
                if metric == "term_recall" and set_name != "forget":
                    continue
                for snr_db in SNRS:
                    values = {v: _text_value(metric, v, channel, set_name, snr_db) for v in SECONDS}
                    half = 0.3 / math.sqrt(n)
                    rows += [
                        _row(name, v, channel, snr_db, set_name, metric, x, half, "1", n) for v, x in values.items()
                    ]
                    for minus in ("retrained", "original"):
                        gap = values["erased"] - values[minus]
                        rows.append(_row(name, "erased", channel, snr_db, set_name, metric, gap, 0.012, "1", n, minus))
    for version, auc in {"original": 0.71, "erased": 0.53, "retrained": 0.50}.items():
        rows.append(_row(name, version, "awgn", 12.0, "forget", "membership_auc", auc, 0.06, "1", 48))
    return rows + _single_rows(name)


def _image_rows() -> list[Row]:
    name, rows = "image-digits", []
    for channel in ("awgn", "rayleigh"):
        for set_name, n in COUNTS.items():
            for snr_db in SNRS:
                values = {}
                for version in SECONDS:
                    loss = 3.1 if set_name == "forget" and version != "original" else 0.0
                    loss += 0.12 if version == "erased" else 0.0
                    values[version] = 11 + 9.5 * snr_db / 18 - loss - (2 if channel == "rayleigh" else 0)
                for metric, unit in IMAGE_METRICS.items():
                    for version, psnr in values.items():
                        value = psnr if unit == "dB" else 10 ** (-psnr / 10) if metric == "mse" else min(1, psnr / 22)
                        half = {"dB": 0.35, "1": 0.02}[unit] if metric != "mse" else value * 0.1
                        rows.append(_row(name, version, channel, snr_db, set_name, metric, value, half, unit, n))
                gap = values["erased"] - values["retrained"]
                rows.append(_row(name, "erased", channel, snr_db, set_name, "psnr", gap, 0.09, "dB", n, "retrained"))
    return rows + _single_rows(name)


def _single_rows(name: str) -> list[Row]:
    rows = [
        _row(name, version, "awgn", None, "", "seconds", value, math.nan, "s", 1) for version, value in SECONDS.items()
    ]
    for version in SECONDS:
        for metric, uses in (("channel_uses", 96.4), ("total_channel_uses", 96.4)):
            rows.append(_row(name, version, "awgn", None, "test", metric, uses, 2.1, "channel uses", 150))
    return rows


def fake_samples() -> list[dict[str, Any]]:
    """Samples as a run stores them: sentences with wrong, missing and unknown words, and noisy digits."""
    random = np.random.default_rng(0)
    found = []
    for set_name, sentences in SENTENCES.items():
        for index, sentence in enumerate(sentences):
            for snr_db, share in ((0.0, 0.4), (6.0, 0.15), (18.0, 0.0)):
                estimates = {}
                for version in SECONDS:
                    words = [
                        w if random.random() >= share else random.choice(["the", "of", "value"])
                        for w in sentence.split()
                    ]
                    if version != "original":
                        words = ["[UNK]" if w in ("coroutine", "asyncio") else w for w in words]
                    estimates[version] = " ".join(words[: -1 if snr_db == 0 else None])
                found.append({"experiment": "text-python-docs", "modality": "text", "channel": "awgn", "set": set_name,
                              "snr_db": snr_db, "record": f"asyncio-task:{index}", "reference": sentence,
                              "estimates": estimates})  # fmt: skip
    digits = load_digits().images / 16
    for index in range(5):
        set_name = "forget" if index < 3 else "test"
        image = digits[7 + 10 * index if set_name == "forget" else index]
        for snr_db, spread in ((0.0, 0.3), (9.0, 0.12), (18.0, 0.04)):
            estimates = {}
            for version in SECONDS:
                blur = 0.45 if set_name == "forget" and version != "original" else 0.0
                noisy = (1 - blur) * image + blur * digits.mean(axis=0) + spread * random.normal(size=image.shape)
                estimates[version] = [np.clip(noisy, 0, 1).round(4).tolist()]
            found.append({"experiment": "image-digits", "modality": "image", "channel": "awgn", "set": set_name,
                          "snr_db": snr_db, "record": f"digit-{index}", "reference": [image.tolist()],
                          "estimates": estimates})  # fmt: skip
    return found


def fake_metadata() -> dict[str, dict[str, Any]]:
    """Recipes, requests and certificates of the two experiments."""
    losses = [{"set": "forget", "snr_db": snr_db, "before": 0.1, "after": 0.7654, "n": 48} for snr_db in (0.0, 18.0)]
    erasure = {"method": {"name": "variational", "settings": {"steps": 300, "learning_rate": 1e-4}},
               "forgotten_records": 48, "read_records": {"forget": 48, "retain": 200}, "seconds": 21.4, "steps": 300,
               "notes": {"stopped": "limit", "warning": "the rule was met at once"}, "mean_loss": losses,
               "does_not_prove": "Records may be kept elsewhere."}  # fmt: skip
    common = {"erasure": erasure,
              "codec": {"parameters": 1203441, "train_snr_db": [0, 18], "digest": "sha256:5f2a"}}  # fmt: skip
    return {
        "text-python-docs": {"request": fake_request("term", ["asyncio", "coroutine"]), **common},
        "image-digits": {"request": fake_request("label", ["7"]), **common},
    }


def fake_request(by: str, values: list[str]) -> dict[str, Any]:
    """A request as a run stores it."""
    reason = "The owners ask for it"
    return {"id": "r-17", "reason": reason, "selection": {"by": by, "values": values}, "time": "2026-03-01T09:30:00Z"}


@pytest.fixture(scope="module")
def write_run(store_run: Callable[..., Path]) -> Callable[..., Path]:
    """`write_run(folder, rows)` makes a whole run, with samples and certificates."""
    return lambda folder, rows=None: store_run(
        folder, fake_rows() if rows is None else rows, fake_samples(), fake_metadata()
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, write_run: Callable[..., Path]) -> Path:
    """A run with its report written into it."""
    shown = ("term_recall", "corpus_bleu4", "psnr", "mse", "membership_auc", "seconds", "channel_uses")
    folder = write_run(tmp_path_factory.mktemp("run"), [row for row in fake_rows() if row.metric in shown])
    write_report(folder, show_erased=True)
    return folder


def image_rows() -> list[Row]:
    """The PSNR curves of the image experiment over AWGN: enough for most questions, and fast to draw."""
    return [r for r in fake_rows() if (r.experiment, r.metric, r.channel) == ("image-digits", "psnr", "awgn")]


def summary_of(rows: list[Row]) -> str:
    """The sentences and the answers of one experiment."""
    measured = Measurements("x", rows, "image")
    answers = [f"{a.question} {a.short} {a.detail}" for a in summary.answers(measured, {})]
    return " ".join(summary.sentences(measured) + answers).replace("\u00a0", " ")


@pytest.fixture
def page_of(tmp_path: Path, store_run: Callable[..., Path]) -> Callable[[list[Row]], str]:
    """Writes the report of a few rows without samples and returns the page."""

    def write(rows: list[Row]) -> str:
        return write_report(store_run(tmp_path, rows)).read_text(encoding="utf-8")

    return write


class Balance(HTMLParser):
    """Follows the tags of a page: every one that opens has to close, in order; collects ids and addresses."""

    VOID = frozenset({"meta", "img", "br", "link", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.images: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag in ("img", "svg"):
            self.images.append(dict(attrs))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> Balance:
    balance = Balance()
    balance.feed(page)
    balance.close()
    return balance


def text_of(page: str) -> str:
    """What a reader sees of the lead and the answers, in plain spaces."""
    head = page[page.index("<body>") : page.index('<div class="pair">') if '<div class="pair">' in page else None]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", head)))


def sweep_rows() -> list[Row]:
    """A plain sweep: two codecs, no erasure."""
    kept = [r for r in fake_rows() if (r.version, r.set, r.metric) == ("original", "test", "corpus_bleu4")]
    return kept + [dataclasses.replace(r, codec="classical", value=r.value * 0.9) for r in kept]


def test_page_is_well_formed_and_stands_alone(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    balance = parsed(page)
    assert not balance.open
    assert len(balance.ids) == len(set(balance.ids))
    assert "script" not in balance.tags
    own = {f"#{name}" for name in balance.ids}
    for address in balance.addresses:
        assert address in own or address.startswith("data:image/png;base64,") or (run / address).exists(), address
    assert not re.search(r"https?:|@import|url\((?!#)", page)
    assert all(image.get("alt") or image.get("aria-label") for image in balance.images)


def test_every_experiment_metric_channel_and_set_is_shown(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    for experiment, metrics, noun in (
        ("text-python-docs", ["corpus_bleu4", "term_recall"], "sentences"),
        ("image-digits", ["psnr", "mse"], "images"),
    ):
        for metric in metrics:
            for ending in ("svg", "png"):
                assert (run / "figures" / f"{experiment}-{metric}.{ending}").stat().st_size > 1000
        grid = (run / "figures" / f"{experiment}-{metrics[0]}.svg").read_text()
        for set_name in ("Erased", "Kept", "Unseen"):
            for title in (f">{set_name} {noun}</text>", ">AWGN</text>", ">Rayleigh fading, one fade per record</text>"):
                assert title in grid
                assert title in page
        for version in SECONDS:
            assert f">{version}</text>" in grid


def test_summary_quotes_the_rows(run: Path) -> None:
    """The sentences name the values at 12 dB over AWGN; those of `fake_rows` are recomputed here."""
    seen = text_of((run / "report.html").read_text(encoding="utf-8"))
    recall = {v: _text_value("term_recall", v, "awgn", "forget", 12.0) for v in SECONDS}
    assert (
        f"On the erased sentences (all 48 measured), the share of the named words recovered at 12 dB over AWGN fell "
        f"from {recall['original']:.3f} to {recall['erased']:.3f}; "
        f"a codec retrained without them reaches {recall['retrained']:.3f}." in seen
    )
    assert "On unseen test sentences BLEU-4 changed by −0.005 [−0.017, +0.007]." in seen
    assert "Erasing took 21.4 s, retraining 6 min 38 s." in seen
    assert (
        "PSNR at 12 dB over AWGN fell from 17.33 to 14.11 dB; a codec retrained without them reaches 14.23 dB" in seen
    )


@pytest.mark.parametrize(
    ("gap", "verdict"),
    [
        ((-0.2, 0.1, 0.4), "no difference was found at this n, which is no proof of equality"),
        ((0.1, 0.2, 0.3), "its whole interval does not lie beyond the margin"),
        ((0.9, 1.0, 1.1), "Knows more of the erased images than a codec retrained without them (outputs)."),
        ((-1.1, -1.0, -0.9), "Knows less of the erased images than a codec retrained without them (outputs)."),
        ((math.nan, 0.2, math.nan), "The interval is not known"),
    ],
)
def test_verdict_follows_the_paired_interval(gap: tuple[float, float, float], verdict: str) -> None:
    """The margin is a tenth of 3.1 dB, by which the original differs from the retrained codec."""
    low, value, high = gap
    rows = [dataclasses.replace(r, value=value, low=low, high=high) if r.minus else r for r in image_rows()]
    assert verdict in summary_of(rows)
    assert f"{value:+.2f} dB".replace("-", "−") in summary_of(rows)


def test_a_changed_row_changes_the_page(run: Path, page_of: Callable[[list[Row]], str]) -> None:
    place = ("erased", 12.0, "forget", None)
    rows = [
        dataclasses.replace(r, value=12.34) if (r.version, r.snr_db, r.set, r.minus) == place else r
        for r in image_rows()
    ]
    assert "12.34" not in text_of((run / "report.html").read_text(encoding="utf-8"))
    assert "fell from 17.33 to 12.34 dB" in text_of(page_of(rows))


def test_same_files_give_the_same_bytes(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    pages = [write_report(write_run(tmp_path / name, image_rows())) for name in ("first", "second")]
    assert pages[0].read_bytes() == pages[1].read_bytes()
    figures = [sorted((page.parent / "figures").iterdir()) for page in pages]
    assert [path.name for path in figures[0]] == [path.name for path in figures[1]] != []
    assert all(one.read_bytes() == two.read_bytes() for one, two in zip(*figures, strict=True))


def test_hostile_text_is_escaped_and_stays_inside_the_folder(tmp_path: Path, store_run: Callable[..., Path]) -> None:
    evil = '<script>alert("x")</script>$\\frac{'
    rows = [
        dataclasses.replace(r, experiment=f"../../{evil}", codec=f"_{evil}{index}", channel=evil, method=evil)
        for index in range(2)
        for r in fake_rows()
        if (r.metric, r.set, r.channel) == ("corpus_bleu4", "test", "awgn")
    ]
    name = rows[0].experiment
    sample = fake_samples()[0] | {"experiment": name, "record": evil, "reference": evil, "estimates": {evil: evil}}
    metadata = {name: {"request": fake_request("term", [evil]), "erasure": {evil: evil}}}
    folder = store_run(tmp_path / "run", rows, [sample], metadata, command=evil)
    page = write_report(folder).read_text(encoding="utf-8")
    balance = parsed(page)
    assert not balance.open
    assert "script" not in balance.tags
    assert page.count("&lt;script&gt;") > 5
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_values_that_are_no_numbers_survive(page_of: Callable[[list[Row]], str]) -> None:
    wrong = [math.nan, math.inf, -math.inf]
    rows = [r for r in fake_rows() if r.metric in ("psnr", "mse", "seconds") and r.channel == "awgn"]
    rows = [
        dataclasses.replace(r, value=wrong[i % 3], low=wrong[(i + 1) % 3], high=wrong[i % 3])
        for i, r in enumerate(rows)
    ]
    page = page_of(rows)
    assert not parsed(page).open
    assert "∞" in page
    assert "not a number" in page


@pytest.mark.parametrize("missing", list(SECONDS))
def test_a_missing_version_survives(page_of: Callable[[list[Row]], str], missing: str) -> None:
    rows = [r for r in image_rows() if missing not in (r.version, r.minus)]
    page = page_of(rows)
    assert not parsed(page).open
    assert f">{missing}</text>" not in page
    assert ("Erasure report" in page) == (missing != "erased")


def test_a_plain_sweep_compares_the_codecs(page_of: Callable[[list[Row]], str]) -> None:
    page = page_of(sweep_rows())
    seen = text_of(page)
    value = _text_value("corpus_bleu4", "original", "awgn", "test", 12.0)
    assert "Link report" in seen
    assert f"BLEU-4 is {value:.3f} [" in seen
    assert "for text-small and" in seen
    assert f"{0.9 * value:.3f}" in seen
    assert ">text-small</text>" in page
    assert ">classical</text>" in page
    for word in ("Distance to the retrained codec", "membership", "What was erased?"):
        assert word not in page


def test_several_methods_are_told_apart(page_of: Callable[[list[Row]], str]) -> None:
    rows = image_rows()
    rows += [dataclasses.replace(r, method="finetune", value=r.value + 1) for r in rows if r.version == "erased"]
    page = page_of(rows)
    assert ">variational</text>" in page
    assert ">finetune</text>" in page
    assert '<strong class="verdict">Of 2 erased codecs, beside a retrained one: ' in page
    seen = summary_of(rows)
    assert (
        "variational (not tested): On the erased images (48 measured), PSNR at 12 dB over AWGN fell from 17.33 to 14.11"
        in seen
    )
    assert (
        "): On" not in seen.partition("variational (not tested): On")[2]
    )  # the summary is the first method's, the table everyone's
    assert "15.11\u00a0dB" in page


def test_says_which_attacks_were_made(run: Path, page_of: Callable[[list[Row]], str]) -> None:
    assert "Also tested: a membership attack" in (run / "report.html").read_text(encoding="utf-8")
    page = page_of(image_rows())
    assert "Also tested" not in page
    assert "Not tested: whether an attacker can tell" in page


def test_the_request_is_told_as_it_was_made(run: Path) -> None:
    seen = text_of((run / "report.html").read_text(encoding="utf-8"))
    told = "What was erased? 48 sentences All 48 measured. The owners ask for it. Selected by term: asyncio, coroutine."
    assert f"{told} Request r-17, 2026-03-01" in seen


def test_nobody_is_named_unless_it_is_asked(run: Path, tmp_path: Path) -> None:
    """Without --show-erased the page tells digests and counts, and shows no erased record."""
    seen = text_of(write_report(run, tmp_path).read_text(encoding="utf-8"))
    assert "What was erased? 48 sentences All 48 measured. The records of the forget set. Selected by 2 terms." in seen
    assert "Request of 2026-03-01" in seen
    shown = text_of((run / "report.html").read_text(encoding="utf-8"))
    erased = [sample for sample in fake_samples() if sample["set"] == "forget" and sample["modality"] == "text"]
    assert erased
    for word in ("coroutine", "r-17", "The owners ask for it"):
        assert word in shown
        assert word not in seen
    assert all(sample["record"] not in seen for sample in erased)


def test_a_long_request_is_cut() -> None:
    request = request_from(fake_request("id", [f"r{i}" for i in range(9)]), "tests")
    first, *_ = summary.answers(Measurements("x", image_rows()), request)
    assert "r5 and 3 more." in first.detail
    assert "r6" not in first.detail


@pytest.mark.parametrize(
    ("erased", "folded", "side"),
    [(0.075, "0.925", "higher"), (0.925, "0.925", "lower"), (0.8, "0.800", "lower")],
)
def test_an_attack_that_separates_looks_like_one(
    erased: float, folded: str, side: str, page_of: Callable[[list[Row]], str]
) -> None:
    """An area of 0.075 separates as well as 0.925, and is told so, with its direction, wherever it stands."""
    rows = image_rows()
    for version, value in {"erased": erased, "retrained": 0.55}.items():
        base = next(r for r in rows if r.version == version)
        base = dataclasses.replace(base, metric="membership_auc", set="forget", unit="1", minus=None)
        rows.append(dataclasses.replace(base, value=value, low=value - 0.01, high=value + 0.01))
        if version == "erased":
            gap = {"value": erased - 0.55, "low": erased - 0.57, "high": erased - 0.53, "minus": "retrained"}
            rows.append(dataclasses.replace(base, **gap))
    page = page_of(rows)
    assert f"erased {folded} (erased records have {side} loss), retrained 0.550 (erased records have lower" in page
    assert f">{folded}</span>" in page
    assert ">0.075</span>" not in page
    assert f'class="interval side">erased records have {side} loss<' in page


def test_all_and_some_of_the_erased_records_are_told_apart(tmp_path: Path, store_run: Callable[..., Path]) -> None:
    """The certificate knows how many were erased; without it, only how many were measured is said."""
    metadata = fake_metadata()
    metadata["image-digits"]["erasure"]["forgotten_records"] = 383
    some = text_of(write_report(store_run(tmp_path / "some", image_rows(), metadata=metadata)).read_text("utf-8"))
    assert "383 images 48 of 383 measured." in some
    assert "On the erased images (48 of 383 measured), PSNR" in some
    assert "Erased: 48 of 383 measured; " in (tmp_path / "some" / "report.html").read_text("utf-8")
    unknown = text_of(write_report(store_run(tmp_path / "unknown", image_rows())).read_text("utf-8"))
    assert "On the erased images (48 measured), PSNR" in unknown
    assert "48 images" not in unknown


def test_the_verdict_stands_before_the_numbers(run: Path) -> None:
    """In the lead and in each section; terms that the first lines use are told below them."""
    page = (run / "report.html").read_text(encoding="utf-8")
    for before, after in (
        ('<strong class="verdict">Not tested whether', "On the erased sentences"),
        ('<div class="headline">', '<dl class="answers">'),
        ('<dl class="terms">', '<div class="headline">'),
    ):
        assert -1 < page.index(before) < page.index(after)
    terms = page[page.index('<dl class="terms">') : page.index("</header>")]
    for term in ("Es/N0", "PSNR", "BLEU-4", "audit"):
        assert f"<dt>{term}</dt>" in terms


def test_warning_and_limits_of_the_certificate_are_not_folded_away(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    visible = re.sub(r"<details.*?</details>", "", page, flags=re.DOTALL)
    assert visible.count("Warning:</strong> the rule was met at once.") == 2
    assert visible.count("What this does not show.</strong> Records may be kept elsewhere.") == 2
    assert "forgotten records" in page
    assert "forgotten records" not in visible


def test_recipe_command_and_certificate_are_shown(run: Path) -> None:
    page = re.sub(r"<[^>]+>", "", html.unescape((run / "report.html").read_text(encoding="utf-8")))
    for told in ("semlink quickstart --out runs/demo", "steps: 900", "learning_rate 0.0001", "0.7654"):
        assert told in page
    assert "{'" not in page


def test_report_goes_to_another_folder_and_links_back(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    folder = write_run(tmp_path / "run", image_rows())
    page = write_report(folder, tmp_path / "elsewhere")
    assert page == tmp_path / "elsewhere" / "report.html"
    assert 'href="../run/results.jsonl"' in page.read_text(encoding="utf-8")
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("results.jsonl", None, "There is no"),
        ("results.jsonl", "", "holds no result rows"),
        ("results.jsonl", '{"metric": 1}\n', "Line 1"),
        ("samples.json", "[{", "damaged"),
        ("samples.json", '[{"experiment": "a"}]', "Sample 1 of samples.json"),
        ("metadata.json", "[3]", "metadata.json is damaged"),
        ("metadata.json", '{"image-digits": {"request": {"id": 1}}}', '"id" cannot be 1'),
        ("run.yaml", None, "holds no run"),
        ("run.yaml", "kind: [", "is damaged"),
    ],
)
def test_damaged_files_are_told_in_a_sentence(
    tmp_path: Path, file: str, content: str | None, told: str, write_run: Callable[..., Path]
) -> None:
    folder = write_run(tmp_path, [r for r in fake_rows() if r.metric == "seconds"])
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content)
    with pytest.raises(SemlinkError, match=told):
        write_report(folder)


@pytest.mark.parametrize(
    ("field", "value"), [("value", "much"), ("snr_db", "12"), ("snr_db", math.nan), ("codec", ["a"])]
)
def test_a_row_of_the_wrong_types_is_named(
    tmp_path: Path, field: str, value: object, write_run: Callable[..., Path]
) -> None:
    rows = [dataclasses.replace(r, low=0.0, high=900.0) for r in fake_rows() if r.metric == "seconds"]
    folder = write_run(tmp_path, rows)
    first, second = dataclasses.asdict(rows[0]), dataclasses.asdict(rows[1]) | {field: value}
    lines = [{"columns": list(first), "constants": {}}, list(first.values()), list(second.values())]
    (folder / "results.jsonl").write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(ResultsError, match="Line 3"):
        write_report(folder)


def test_rows_without_curves_still_make_a_report(page_of: Callable[[list[Row]], str]) -> None:
    page = page_of([r for r in fake_rows() if r.metric == "seconds"])
    assert not parsed(page).open
    assert "6\u00a0min\u00a038\u00a0s" in page


@pytest.mark.slow
def test_the_whole_report_is_small_and_fast(tmp_path: Path, write_run: Callable[..., Path]) -> None:
    """15 figures of up to six panels, as SVG and PNG; processor time, so that other work does not count."""
    folder = write_run(tmp_path)
    began = time.process_time()
    page = write_report(folder)
    assert time.process_time() - began < 10
    assert page.stat().st_size < 1_500_000


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="prints with chromium")
def test_the_demo_is_printed_on_eight_pages(tmp_path: Path) -> None:
    page = write_report(Path(__file__).parents[3] / "experiments" / "results" / "quickstart", tmp_path)
    printed = tmp_path / "page.pdf"
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--no-pdf-header-footer")
    command = ("chromium", *options, f"--print-to-pdf={printed}", page.as_uri())
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert 1 <= len(re.findall(rb"/Type /Page\b(?!s)", printed.read_bytes())) <= 8


def test_what_turns_text_around_or_no_xml_may_hold_is_shown_as_a_mark(
    tmp_path: Path, store_run: Callable[..., Path]
) -> None:
    hostile = "a\x1b[31m\u202eb"
    rows = [
        Row("run", hostile, "original", "none", hostile, snr_db, "test", metric, 0.5, 0.4, 0.6, 0.95, 9, "1", 0, "1")
        for snr_db in (0.0, 6.0) for metric in ("psnr", hostile)
    ]  # fmt: skip
    page = write_report(store_run(tmp_path, rows))
    figures = list(page.parent.rglob("*.svg"))
    assert figures
    for file in (page, *figures):
        text = file.read_text(encoding="utf-8")
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_a_sweep_at_one_snr_is_drawn_and_compared(tmp_path: Path, store_run: Callable[..., Path]) -> None:
    def row(version: str, value: float, minus: str | None = None) -> Row:
        return Row("run", "codec", version, "m", "awgn", 6.0, "forget", "word_accuracy", value, value - 0.01,
                   value + 0.01, 0.95, 50, "1", 0, "0.1.0", minus=minus)  # fmt: skip

    rows = [*(row(*of) for of in (("original", 0.9), ("erased", 0.8), ("retrained", 0.7)))]
    page = write_report(store_run(tmp_path, [*rows, row("erased", 0.1, "retrained")])).read_text(encoding="utf-8")
    assert "Knows more" in page
    assert "0.900 → 0.800" in page
