"""Tables of the report: as few lines as say all of the rows."""

import math

from semlink.experiments.report.formatting import interval
from semlink.experiments.report.measurements import Measurements
from semlink.experiments.report.metadata import MetadataEntry, metadata_of
from semlink.experiments.report.tables import ABOVE_ZERO, BELOW_ZERO, NOT_JUDGED, gap_table, single_lines
from semlink.simulator.results import Row


def single(
    metric: str, value: float, set_name: str = "test", channel: str = "awgn", version: str = "erased",
    stopped: str = "exact", minus: str | None = None, snr_db: float | None = None,
) -> Row:  # fmt: skip
    return Row(
        "x", "c", version, "", channel, snr_db, set_name, metric, value, value, value, 1.0, 9, "1", 0, "0",
        stopped=stopped, minus=minus,
    )  # fmt: skip


def lines(rows: list[Row]) -> list[tuple[str, str, list[float]]]:
    """Each line as its measure, its place and its values."""
    table = single_lines(Measurements("x", rows))
    return [(*line.heading, [row.value if row else math.nan for row in line.cells]) for line in table]


def uses(metric: str, values: dict[tuple[str, str], float]) -> list[Row]:
    return [single(metric, value, set_name, channel) for (set_name, channel), value in values.items()]


def test_places_with_the_same_numbers_share_a_line() -> None:
    places = [(s, c) for s in ("forget", "retain", "test") for c in ("awgn", "rayleigh")]
    name = "Channel uses of the data"
    assert lines(uses("channel_uses", dict.fromkeys(places, 16.0))) == [(name, "All sets, all channels", [16.0])]
    by_set = {(s, c): {"forget": 1.0, "retain": 2.0, "test": 2.0}[s] for s, c in places}
    assert lines(uses("channel_uses", by_set)) == [
        (name, "Erased, all channels", [1.0]),
        (name, "Kept and unseen, all channels", [2.0]),
    ]
    by_channel = {(s, c): 1.0 if c == "awgn" else 2.0 for s, c in places}
    assert lines(uses("channel_uses", by_channel)) == [
        (name, "All sets, AWGN", [1.0]),
        (name, "All sets, Rayleigh fading, one fade per record", [2.0]),
    ]
    by_channel = {("test", "awgn"): 1.0, ("test", "rayleigh"): 1.0, ("test", "rician"): 2.0}
    assert lines(uses("channel_uses", by_channel))[0] == (
        name,
        "Unseen, AWGN and Rayleigh fading, one fade per record",
        [1.0],
    )


def test_a_difference_in_one_version_keeps_the_lines_apart() -> None:
    rows = [single("channel_uses", 16.0, channel=c, version=v) for c in ("awgn", "rayleigh") for v in ("a", "b")]
    rows[-1] = single("channel_uses", 17.0, channel="rayleigh", version="b")
    assert [values for *_, values in lines(rows)] == [[16.0, 16.0], [16.0, 17.0]]


def test_pilots_are_told_only_where_there_are_any() -> None:
    data = {("test", "awgn"): 16.0, ("test", "ofdm"): 16.0}
    same = uses("channel_uses", data) + uses("total_channel_uses", data)
    assert lines(same) == [("Channel uses of the data", "Unseen, all channels", [16.0])]
    more = uses("channel_uses", data) + uses("total_channel_uses", data | {("test", "ofdm"): 20.0})
    assert lines(more)[1] == ("Channel uses with pilots", "Unseen, OFDM", [20.0])


def test_times_have_no_place_and_exact_numbers_no_interval() -> None:
    row = single("seconds", 4.0, "retain")
    assert lines([row]) == [("Time to train or erase", "", [4.0])]
    assert not interval(row)
    assert interval(single("membership_auc", 0.5, stopped="limit")) == "[0.500, 0.500]"


def test_paired_differences_of_an_audit_are_told_apart_from_its_values() -> None:
    rows = [
        single("relearned_loss", v, "forget", version=n, snr_db=12.0) for n, v in (("erased", 1.0), ("retrained", 2))
    ]
    rows.append(single("relearned_loss", -1.0, "forget", minus="retrained", snr_db=12.0))
    found = lines(rows)
    assert found[0] == ("Loss after relearning", "Erased, AWGN, 12\u00a0dB", [1.0, 2.0])
    assert found[1][0] == "Loss after relearning, erased − retrained"
    assert found[1][2][0] == -1.0
    assert math.isnan(found[1][2][1])


def test_metadata_keep_all_of_a_certificate() -> None:
    losses = [{"set": "forget", "snr_db": 6.0, "before": 0.123456, "n": 9}, {"set": "validation", "after": None}]
    found = list(
        metadata_of(
            {"method": {"name": "m", "settings": {"rate": 3e-4, "fast": False}}, "mean_loss": losses, "reads": []}
        )
    )
    assert found == [
        MetadataEntry("method: name", "m"),
        MetadataEntry("method: settings", settings=(("rate", "0.0003"), ("fast", "false"))),
        MetadataEntry(
            "mean loss",
            head=("set", "Es/N0 (dB)", "before", "n", "after"),
            lines=(("erased", "6", "0.1235", "9", "none"), ("validation", "none", "none", "none", "none")),
        ),
        MetadataEntry("reads", "none"),
    ]


def test_what_is_above_zero_is_read_by_the_direction_of_the_measure() -> None:
    """A measure of unknown direction gets no reading; where several stand in one table, each gets its own."""
    curves = [
        single(metric, 1.0, "forget", version=version, snr_db=snr_db, minus=minus)
        for metric in ("psnr", "mse", "novelty")
        for snr_db in (0.0, 6.0)
        for version, minus in (("erased", None), ("retrained", None), ("erased", "retrained"))
    ]
    measured = Measurements("x", curves)
    assert gap_table(measured, ["psnr"]).reading == ABOVE_ZERO
    assert gap_table(measured, ["mse"]).reading == BELOW_ZERO
    assert gap_table(measured, ["novelty"]).reading == NOT_JUDGED
    both = gap_table(measured, ["psnr", "novelty"])
    assert f"PSNR (dB): {ABOVE_ZERO}" in both.reading
    assert f"novelty: {NOT_JUDGED}" in both.reading
