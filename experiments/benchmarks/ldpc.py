"""Speed of LDPC decoding beside Sionna's decoder, in one run: `python experiments/benchmarks/ldpc.py`.

ours:     belief propagation with the words of a batch side by side in memory; words that meet all checks are done.
no pause: the same, all 20 iterations for every word.
Sionna:   its decoder with the same rule ("boxplus"), 20 iterations; it has no early end.
All three decode the same words, BPSK over AWGN, at an Es/N0 where about one in ten is lost and at one 1.5 dB better.
Processor time, one thread, medians over rounds in which all take turns.
"""

import statistics
import time
from collections.abc import Callable

import torch

from semlink.channels.sionna_adapter import sionna
from semlink.codecs.digital.ldpc import ITERATIONS, LdpcCode
from semlink.seeding import generator_for

# Bits of a word, coded bits, words, and the Es/N0 in dB at which about a tenth of the words is lost.
CASES = ((100, 300, 200, -3.2), (1024, 2048, 100, -1.7), (8448, 16896, 16, -1.9))
EASIER_DB, ROUNDS = 1.5, 5


def main() -> None:
    torch.set_num_threads(1)
    parts = sionna("fec.ldpc")
    for size, length, batch, edge_db in CASES:
        code, encoder = LdpcCode(size, length), parts.LDPC5GEncoder(size, length, device="cpu")
        decoder = parts.LDPC5GDecoder(encoder, cn_update="boxplus", num_iter=ITERATIONS, device="cpu")
        words = torch.randint(2, (batch, size), dtype=torch.uint8, generator=generator_for("words"))
        for snr_db in (edge_db, edge_db + EASIER_DB):
            variance = 10 ** (-snr_db / 10) / 2
            noise = torch.randn(batch, length, generator=generator_for("noise"))
            ratios = 2 * (1 - 2.0 * code.encode(words) + variance**0.5 * noise) / variance
            ways: dict[str, Callable[[], torch.Tensor]] = {
                "ours": lambda ratios=ratios, code=code: code.decode(ratios),  # type: ignore[misc]
                "no pause": lambda ratios=ratios, code=code: code.decode(ratios, pause=ITERATIONS),  # type: ignore[misc]
                "Sionna": lambda ratios=ratios, decoder=decoder: decoder(-ratios),  # type: ignore[misc]
            }
            rates: dict[str, list[float]] = {name: [] for name in ways}
            lost = {name: int((way() != words).any(dim=1).sum()) for name, way in ways.items()}
            for _ in range(ROUNDS):
                for name, way in ways.items():
                    began = time.process_time()
                    way()
                    rates[name].append(batch * size / (time.process_time() - began) / 1e3)
            print(f"{size} bits in {length}, {batch} words, Es/N0 {snr_db:.1f} dB")
            for name, values in rates.items():
                ratio = statistics.median(one / other for one, other in zip(values, rates["Sionna"], strict=True))
                print(
                    f"  {name:9s} {statistics.median(values):7.0f} kbit/s, {lost[name]} words lost; "
                    f"{ratio:.1f} of Sionna"
                )


if __name__ == "__main__":
    main()
