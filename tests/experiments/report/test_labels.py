"""Labels of the report."""

from semlink.experiments.report.labels import snr_span


def test_one_es_n0_is_no_span() -> None:
    assert snr_span([12.0, 12.0]) == "12\u00a0dB"
    assert snr_span([6.0, 18.0, -3.0]) == "−3\u00a0dB to 18\u00a0dB"
