"""The first steps with semlink: a stored codec beside a classical one over two channels, as a user writes it."""

import semlink as sl

rayleigh = sl.channel("rayleigh:coherence=symbol")
for channel in ("awgn", rayleigh):
    results = sl.sweep(["image-digits", "digital:webp"], channel=channel, snr_db=[0, 12], overrides=["records=20"])
    for row in results.filter(metric="psnr").rows:
        print(f"{row.channel}: {row.codec} has {row.value:.1f} dB PSNR at Es/N0 {row.snr_db} dB")
