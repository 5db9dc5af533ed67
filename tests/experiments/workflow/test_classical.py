"""Classical codecs in sweeps: named on the command line or in a recipe, at the channel uses of a neural codec."""

import json
from pathlib import Path

import pytest
import yaml

from semlink.codecs.bundle import load_bundle
from semlink.experiments.workflow.classical import GREY, is_classical, mean_colour
from semlink.simulator.results import Row, read_rows
from semlink.simulator.sources import build_source

SNR = ("--snr", "4:14:10", "--set", "records=10", "--set", "draws=1", "--workers", "1")


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEMLINK_HOME", str(tmp_path / "home"))


def one(rows: list[Row], **wanted: object) -> Row:
    (found,) = [row for row in rows if all(getattr(row, name) == value for name, value in wanted.items())]
    return found


def test_a_sweep_puts_them_beside_a_stored_codec(semlink, shelf: Path, tmp_path: Path) -> None:
    names = ("digital:webp", "digital:webp,bandwidth_ratio=8,mcs=qpsk-1/2", "limit:webp")
    ended = semlink("sweep", shelf / "image", *names, "--channel", "awgn", *SNR, "--out", tmp_path / "out")
    assert (ended.status, ended.out.count("Open")) == (0, 1)
    rows = read_rows(tmp_path / "out" / "results.jsonl")
    assert {row.codec for row in rows} - set(names) == {"tiny-image"}
    uses = {row.codec: row.value for row in rows if row.metric == "total_channel_uses"}
    assert uses == {"tiny-image": 32, names[0]: 32, names[1]: 512, names[2]: 32}
    for snr_db in (4.0, 14.0):
        assert one(rows, codec="limit:webp", metric="outage_rate", snr_db=snr_db).n == 10
    efficiency = [one(rows, codec=names[0], metric="spectral_efficiency", snr_db=point).value for point in (4.0, 14.0)]
    assert efficiency[0] < efficiency[1]
    assert one(rows, codec=names[1], metric="outage_rate", snr_db=14.0).value == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert all(name in page for name in names)


def test_the_same_sweep_is_measured_once(semlink, shelf: Path, tmp_path: Path) -> None:
    arguments = (shelf / "text", "digital:brotli", "--channel", "awgn", *SNR)
    assert semlink("sweep", *arguments, "--out", tmp_path / "one").status == 0
    assert semlink("sweep", *arguments, "--out", tmp_path / "two", "--workers", "2").status == 0
    first, second = (read_rows(tmp_path / name / "results.jsonl") for name in ("one", "two"))
    assert [(row.metric, row.snr_db, row.value) for row in first] == [
        (row.metric, row.snr_db, row.value) for row in second
    ]


def test_a_link_of_5g_carries_both(semlink, shelf: Path, tmp_path: Path) -> None:
    names = ("digital:brotli,mcs=qpsk-1/4", "limit:brotli,error_rate=0.01,knowledge=instantaneous")
    ended = semlink(
        "sweep", shelf / "text", *names, "--channel", "tdl-c:csi=estimated", *SNR, "--out", tmp_path / "out"
    )
    assert ended.status == 0
    rows = read_rows(tmp_path / "out" / "results.jsonl")
    assert {row.channel for row in rows} == {"tdl-c:csi=estimated"}
    assert {row.value for row in rows if row.metric == "total_channel_uses"} == {180.0}  # one block for each sentence
    low, high = (one(rows, codec=names[0], metric="outage_rate", snr_db=snr_db).value for snr_db in (4.0, 14.0))
    assert low >= high


def test_they_can_stand_alone_on_a_source(semlink, tmp_path: Path) -> None:
    name = "digital:webp,bandwidth_ratio=4,mcs=64qam-2/3"
    ended = semlink("sweep", name, "--source", "digits", *SNR, "--out", tmp_path / "out")
    assert ended.status == 0
    uses = one(read_rows(tmp_path / "out" / "results.jsonl"), metric="channel_uses")
    assert (uses.codec, uses.value) == (name, 256)


@pytest.mark.parametrize(
    ("names", "options", "words"),
    [
        (("digital:bmp",), (), "Choose one of: "),
        (("digital",), (), 'needs the field "compressor"'),
        (("digital:webp,mcs=8psk-1/2",), (), "16qam-1/2"),
        (("digital:webp,target=2",), (), "between 0 and 1"),
        (("limit:webp,error_rate=0.7",), (), "below 0.5"),
        (("digital:brotli",), (), "are image"),
        (("digital:webp,uses_per_word=3",), (), "leave it out"),
        (("digital:webp,bandwidth_ratio=.nan",), (), "above 0"),
    ],
)
def test_mistakes(semlink, shelf: Path, tmp_path: Path, names, options, words: str) -> None:
    ended = semlink("sweep", shelf / "image", *names, *options, *SNR, "--out", tmp_path / "out")
    assert ended.status == 2
    assert words in ended.err
    assert ended.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("digital:webp",), "--source"), (("digital:webp", "--source", "digits"), "bandwidth_ratio=NUMBER")],
)
def test_alone_they_need_records_and_channel_uses(semlink, tmp_path: Path, arguments, words: str) -> None:
    ended = semlink("sweep", *arguments, *SNR, "--out", tmp_path / "out")
    assert (ended.status, words in ended.err) == (2, True)


def test_a_folder_of_that_name_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_classical("digital:webp")
    Path("digital:webp").mkdir()
    assert not is_classical("digital:webp")
    assert not is_classical("image-mnist-16")


def test_the_colour_of_an_outage_is_the_mean_of_training(tmp_path: Path) -> None:
    source = build_source("digits", {}, None)
    (grey,) = mean_colour(source)
    assert 0 < grey < 255
    assert grey != GREY


def test_block_errors_are_measured_beforehand(semlink, tmp_path: Path) -> None:
    arguments = ("--channel", "awgn", "--uses", 16, "--snr", "4:8:4", "--workers", 1)
    ended = semlink("block-errors", *arguments, "--table", tmp_path / "table", "--out", tmp_path / "out")
    assert ended.status == 0
    rows = read_rows(tmp_path / "out" / "results.jsonl")
    assert {(row.set, row.metric, row.channel) for row in rows} == {("16 uses", "block_error_rate", "awgn")}
    assert all(row.low <= row.value <= row.high and row.n >= 100 for row in rows)
    assert [path.name for path in (tmp_path / "table").iterdir()] == ["awgn.jsonl"]
    before = (tmp_path / "table" / "awgn.jsonl").read_bytes()
    assert semlink("block-errors", *arguments, "--table", tmp_path / "table", "--out", tmp_path / "out").status == 0
    assert (tmp_path / "table" / "awgn.jsonl").read_bytes() == before


def test_no_block_without_channel_uses(semlink, tmp_path: Path) -> None:
    ended = semlink("block-errors", "--uses", 0, "--out", tmp_path / "out")
    assert (ended.status, "at least 1 channel use" in ended.err) == (2, True)


def test_compressors_learn_from_the_training_sentences(semlink, shelf: Path, tmp_path: Path) -> None:
    names = ("digital:ngram", "digital:huffman", "limit:ngram", "bound:transformer,steps=3")
    ended = semlink("sweep", shelf / "text", *names, "--channel", "awgn", *SNR, "--out", tmp_path / "out")
    assert ended.status == 0
    rows = read_rows(tmp_path / "out" / "results.jsonl")
    assert {row.codec for row in rows} == {"tiny-text", *names}
    limits = {row.codec: row for row in rows if row.metric == "limit_snr_db"}
    assert limits.keys() == {"limit:ngram", "bound:transformer,steps=3"}
    assert all(row.low <= row.value <= row.high for row in limits.values())
    assert limits["limit:ngram"].value < limits["bound:transformer,steps=3"].value  # which hardly learned
    assert one(rows, codec="limit:ngram", metric="corpus_bleu1", snr_db=14.0).value == 1


def test_a_recipe_measures_a_stored_codec_beside_classical_ones(semlink, shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(
        f"""
        experiment: beside
        source: digits
        codec: image
        start: {shelf / "image"}
        training: null
        sweep: {{channels: [awgn], snr_db: "14", records: 8, draws: 1,
                 baselines: ["digital:webp,bandwidth_ratio=4", "limit:webp"]}}
        """
    )
    ended = semlink("run", tmp_path / "recipe.yaml", "--workers", 1, "--out", tmp_path / "out")
    assert ended.status == 0, ended.err
    rows = read_rows(tmp_path / "out" / "results.jsonl")
    assert {row.codec for row in rows} == {"tiny-image", "digital:webp,bandwidth_ratio=4", "limit:webp"}
    assert not (tmp_path / "out" / "beside").exists()  # nothing was trained
    samples = json.loads((tmp_path / "out" / "samples.json").read_text())
    assert samples[0]["estimates"].keys() == {"tiny-image", "digital:webp,bandwidth_ratio=4", "limit:webp"}
    ended = semlink("train", tmp_path / "recipe.yaml", "--out", tmp_path / "codec")
    assert (ended.status, "semlink run" in ended.err) == (2, True)


def test_a_codec_goes_on_learning_from_a_stored_one(semlink, shelf: Path, tmp_path: Path) -> None:
    content = {
        **yaml.safe_load((shelf / "image.yaml").read_text()),
        "start": str(shelf / "image"),
        "channel": "rayleigh",
        "erasure": None,
    }
    for name, change in (
        ("fine", {}),
        ("other", {"codec": {"name": "image", "d_model": 64}}),
        ("kind", {"codec": "text"}),
    ):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({**content, **change}))
    assert semlink("train", tmp_path / "fine.yaml", "--out", tmp_path / "fine").status == 0
    card = load_bundle(tmp_path / "fine").card
    assert card["start"] == load_bundle(shelf / "image").digest()
    ended = semlink("erase", tmp_path / "fine", "--request", shelf / "sevens.json", "--out", tmp_path / "erased")
    assert (ended.status, "saw records too" in ended.err) == (2, True)
    for name, words in (("other", "has d_model=16, not 64"), ("kind", "is not a codec of the kind text")):
        ended = semlink("train", tmp_path / f"{name}.yaml", "--out", tmp_path / name)
        assert (ended.status, words in ended.err) == (2, True), ended.err
