"""Our OFDM link beside Sionna's own, for the same slot: `python experiments/benchmarks/ofdm.py`.

Both draw TDL-A gains, send full slots of 64 examples with pilots in symbols 2 and 11, estimate the gains by linear
interpolation, and detect linearly. Sionna: ResourceGridMapper, OFDMChannel, LSChannelEstimator, LMMSEEqualizer. Ours
also reports the noise variance with the error of the estimates in it, and interpolates within each block alone. Figures
are medians over rounds in which both take turns, with the interquartile range of the ratio; one thread, processor time.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from semlink.channels import build_channel
from semlink.channels.contract import Frame
from semlink.channels.sionna_adapter import drawing_from, sionna
from semlink.seeding import generator_for

BATCH, ROUNDS, SNR_DB = 64, 9, 10.0
CASES = ((6, 1), (51, 1), (6, 2), (51, 2), (6, 4))  # resource blocks, antennas at either end


def their_link(blocks: int, antennas: int) -> Callable[[Tensor], Tensor]:
    """Sionna's chain: symbols complex64 [batch, 1, antennas, data symbols] to estimates of the same shape."""
    ofdm, channel = sionna("ofdm"), sionna("channel")
    grid = ofdm.ResourceGrid(
        num_ofdm_symbols=14,
        fft_size=12 * blocks,
        subcarrier_spacing=30e3,
        num_tx=1,
        num_streams_per_tx=antennas,
        cyclic_prefix_length=6,
        pilot_pattern="kronecker",
        pilot_ofdm_symbol_indices=[2, 11],
        device="cpu",
    )
    gains = sionna("channel.tr38901").TDL(
        "A", 100e-9, 3.5e9, min_speed=3 / 3.6, num_rx_ant=antennas, num_tx_ant=antennas, device="cpu"
    )
    to_grid = ofdm.ResourceGridMapper(grid, device="cpu")
    air = channel.OFDMChannel(gains, grid, normalize_channel=False, device="cpu")
    estimator = ofdm.LSChannelEstimator(grid, interpolation_type="lin", device="cpu")
    equaliser = ofdm.LMMSEEqualizer(grid, sionna("mimo").StreamManagement([[1]], antennas), device="cpu")
    noise = torch.tensor(10 ** (-SNR_DB / 10))

    def send(symbols: Tensor) -> Tensor:
        received = air(to_grid(symbols / antennas**0.5), noise)
        estimate: Tensor = equaliser(received, *estimator(received, noise), noise)[0]
        return estimate

    return send


def milliseconds(way: Callable[[], object]) -> float:
    began = time.process_time()
    way()
    return 1e3 * (time.process_time() - began)


@torch.no_grad()
def main() -> None:
    torch.set_num_threads(1)
    generator = generator_for("benchmark")
    print(f"{BATCH} examples, a full slot each, estimated gains; milliseconds a batch")
    for blocks, antennas in CASES:
        symbols = torch.randn(BATCH, 1, antennas, 144 * blocks, dtype=torch.complex64, generator=generator)
        frame = Frame(symbols.flatten(1), torch.ones(BATCH, 144 * blocks * antennas, dtype=torch.bool))
        text = f"tdl-a:resource_blocks={blocks},transmit={antennas},receive={antennas},csi=estimated"
        ours = build_channel(text)
        with drawing_from(generator):  # Sionna's pilots are drawn when its grid is made
            theirs = their_link(blocks, antennas)
            theirs(symbols)
        ours(frame, SNR_DB, generator)
        rounds = []
        for _ in range(ROUNDS):
            mine = milliseconds(partial(ours, frame, SNR_DB, generator))
            with drawing_from(generator):
                rounds.append((mine, milliseconds(partial(theirs, symbols))))
        low, middle, high = statistics.quantiles([their / mine for mine, their in rounds], n=4)
        mine, their = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(
            f"  {blocks:3d} blocks, {antennas} x {antennas}: ours {mine:7.1f}, Sionna {their:7.1f}; "
            f"ours is {middle:.1f} times as fast ({low:.1f} to {high:.1f})"
        )


if __name__ == "__main__":
    main()
