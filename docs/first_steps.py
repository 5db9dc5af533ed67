"""The script of the README: a stored codec forgets a class, and is measured before and after."""

import semlink as sl

settings = "rate=0.0003,forget_weight=1,brake_weight=0.0001,compensation=10,ratio=false,stop_at=1.5,check=2"
request = sl.ErasureRequest.of("label", ["0"], "Consent for the zeros was withdrawn.", "zeros", "2026-11-01")
erased = sl.erase("image-digits", request, "without-zeros", method=f"scu:{settings}")
results = sl.sweep(["image-digits", erased], "awgn", "0:18:6", request=request, out="curve", overrides=["records=50"])
for row in results.filter("psnr", set="forget"):
    print(f"{row.version} codec, erased images, Es/N0 {row.snr_db:g} dB: PSNR {row.value:.1f} dB")
results.plot("psnr").savefig("before-and-after.svg")
print(f"{erased.certificate['steps']} steps; the certificate is without-zeros/erasure.json")
