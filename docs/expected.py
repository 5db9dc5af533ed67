"""Imported public codecs beside what their own code reaches: a table of recorded rows with the expected figures."""

from pathlib import Path

from studies import line

from semlink.experiments.workflow.run_folder import RunFolder

SNR_DB = (0.0, 5.0, 10.0, 15.0, 20.0)
# Mean PSNR of an image in dB at these Es/N0, measured with the original's code on the same 2,000 images.
EXPECTED = {
    "deepjscc-c4-label7": (17.78, 23.67, 27.30, 28.84, 29.43),
    "deepjscc-c4-label13": (18.15, 22.79, 26.58, 28.98, 30.15),
    "deepjscc-c8-label7": (18.72, 25.69, 30.16, 32.22, 33.08),
    "deepjscc-c8-label13": (19.56, 24.54, 29.02, 32.41, 34.41),
}


def expected_table(folder: Path) -> str:
    """PSNR of imported codecs, expected figures below, and the largest difference."""
    found = {
        (row.codec, row.snr_db): row.value
        for row in RunFolder.open(folder).rows()
        if row.metric == "psnr" and row.snr_db is not None
    }
    lines = [line(["codec", "PSNR, dB", *(f"{snr_db:g} dB" for snr_db in SNR_DB)]), line(["---"] * (2 + len(SNR_DB)))]
    largest = 0.0
    for codec, figures in EXPECTED.items():
        ours = [found[codec, snr_db] for snr_db in SNR_DB]
        largest = max([largest, *(abs(one - two) for one, two in zip(ours, figures, strict=True))])
        lines.append(line([codec, "imported", *(f"{value:.2f}" for value in ours)]))
        lines.append(line(["", "expected", *(f"{value:.2f}" for value in figures)]))
    return "\n".join([*lines, "", f"The largest difference is {largest:.2f} dB."])
