"""How many symbols a second the channels carry, beside the plain ways to do the same.

Run: python experiments/benchmarks/channels.py
Each figure is the median over rounds in which all ways take turns, with the interquartile range; one thread,
processor time. The limit is the drawing of the Gaussian samples alone.
"""

import math
import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec

import torch

from semlink.channels import build_channel
from semlink.channels.contract import Frame
from semlink.channels.power import normalise_power
from semlink.seeding import generator_for

SHAPES = ((64, 128), (1024, 1024), (4096, 1024))
SNR_DB = 10.0
ROUNDS = 9
SYMBOLS_A_ROUND = 1 << 18  # small batches are sent several times, so that the clock resolves a round

Way = Callable[[], object]


def ways_to_send(frame: Frame) -> dict[str, Way]:
    """Everything that is timed, by name."""
    generator = generator_for("benchmark")
    batch, uses = frame.symbols.shape
    variance = 10 ** (-SNR_DB / 10)

    def example_by_example(fading: bool) -> list[torch.Tensor]:
        received = []
        for symbols, mask in zip(frame.symbols, frame.mask, strict=True):
            noise = math.sqrt(variance) * torch.randn(uses, dtype=torch.complex64, generator=generator)
            if fading:
                gain = torch.randn(1, dtype=torch.complex64, generator=generator)
                equalised = gain.conj() / (gain.abs().square() + variance) * (gain * symbols + noise)
                received.append(equalised * mask)
            else:
                received.append((symbols + noise) * mask)
        return received

    ways: dict[str, Way] = {"limit (randn)": lambda: torch.randn(batch, uses, 2, generator=generator)}
    for name in ("awgn", "rayleigh", "rayleigh:coherence=8", "rayleigh:coherence=symbol"):
        channel = build_channel(name)
        ways[name] = lambda channel=channel: channel(frame, SNR_DB, generator)  # type: ignore[misc]
    ways["awgn, loop over examples"] = lambda: example_by_example(fading=False)
    ways["rayleigh, loop over examples"] = lambda: example_by_example(fading=True)
    if find_spec("sionna"):
        from sionna.phy.channel import AWGN

        sionna, no = AWGN(device="cpu"), torch.tensor(variance)
        ways["awgn, Sionna"] = lambda: sionna(frame.symbols, no)
    return ways


def measure(ways: dict[str, Way], symbols: int) -> dict[str, list[float]]:
    """Msym/s of each way in each round."""
    repeats = max(1, SYMBOLS_A_ROUND // symbols)
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began = time.process_time()
            for _ in range(repeats):
                way()
            rates[name].append(repeats * symbols / (time.process_time() - began) / 1e6)
    return rates


@torch.no_grad()
def main() -> None:
    torch.set_num_threads(1)
    for batch, uses in SHAPES:
        mask = torch.ones(batch, uses, dtype=torch.bool)
        symbols = torch.randn(batch, uses, dtype=torch.complex64, generator=generator_for("symbols"))
        rates = measure(ways_to_send(Frame(normalise_power(symbols, mask), mask)), batch * uses)
        print(f"{batch} examples of {uses} uses")
        for name, values in rates.items():
            low, middle, high = statistics.quantiles(values, n=4)
            reference = rates["rayleigh" if name.startswith("rayleigh") else "awgn"]
            ratio = statistics.median(ours / other for ours, other in zip(reference, values, strict=True))
            print(f"  {name:30s} {middle:7.1f} Msym/s ({low:.1f} to {high:.1f})   ours is {ratio:.2f} times as fast")


if __name__ == "__main__":
    main()
