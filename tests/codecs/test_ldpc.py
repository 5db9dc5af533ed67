"""The LDPC code of 5G: decoding beside Sionna's decoder, and block error rates beside recorded ones."""

import pytest
import torch
from scipy import stats
from torch import Tensor

from semlink.channels.sionna_adapter import sionna
from semlink.channels.snr import es_from_eb
from semlink.codecs.digital.constellation import Constellation
from semlink.codecs.digital.ldpc import ITERATIONS, LdpcCode
from semlink.seeding import generator_for

# Block errors of Sionna 2.2.0 over AWGN, 1024 bits at rate 1/2 with 16-QAM, 20 iterations: Eb/N0 in dB -> (errors,
# blocks).
RECORDED = {3.0: (121, 200), 3.25: (105, 400), 3.5: (105, 1400), 3.75: (62, 4000)}
CODES = [(12, 24), (100, 300), (300, 360), (1024, 2048), (3824, 19120), (8448, 10000)]  # both graphs, extreme rates


def words_of(size: int, batch: int, *keys: int | float | str) -> Tensor:
    words: Tensor = torch.randint(2, (batch, size), dtype=torch.uint8, generator=generator_for("words", *keys))
    return words


def heard(coded: Tensor, variance: float, *keys: int | float | str) -> Tensor:
    """Ratios log P(0) / P(1) of bits that were sent as +1 and -1 with real noise of this variance."""
    noise = torch.randn(coded.shape, generator=generator_for("noise", *keys))
    received: Tensor = 1 - 2.0 * coded + variance**0.5 * noise
    return 2 * received / variance


def lost_blocks(eb_n0_db: float, blocks: int) -> int:
    """Blocks of 1024 bits that are decoded wrong, sent with 16-QAM and the interleaver of 5G."""
    code, constellation, variance = LdpcCode(1024, 2048), Constellation(4), 10 ** (-es_from_eb(eb_n0_db, 4, 0.5) / 10)
    lost = 0
    for start in range(0, blocks, 100):
        words = words_of(1024, min(100, blocks - start), eb_n0_db, start)
        symbols = constellation.modulate(code.encode(words).unflatten(1, (4, 512)).transpose(1, 2).flatten(1))
        noise = torch.randn(symbols.shape, dtype=torch.complex64, generator=generator_for("symbols", eb_n0_db, start))
        ratios = constellation.demodulate(symbols + variance**0.5 * noise, torch.tensor(variance))
        found = code.decode(ratios.unflatten(1, (512, 4)).transpose(1, 2).flatten(1))
        lost += int((found != words).any(dim=1).sum())
    return lost


def same_rate(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Fisher's exact test at a false-alarm rate of 1 %."""
    table = [[errors, blocks - errors] for errors, blocks in (one, other)]
    return bool(stats.fisher_exact(table).pvalue > 0.01)


@pytest.mark.parametrize(("eb_n0_db", "blocks"), [(3.0, 200), (3.75, 400)])
def test_block_error_rate_is_the_recorded_one(eb_n0_db: float, blocks: int) -> None:
    assert same_rate((lost_blocks(eb_n0_db, blocks), blocks), RECORDED[eb_n0_db])


@pytest.mark.slow
@pytest.mark.parametrize("eb_n0_db", RECORDED)
def test_block_error_rates_of_many_blocks_are_the_recorded_ones(eb_n0_db: float) -> None:
    blocks = RECORDED[eb_n0_db][1]
    assert same_rate((lost_blocks(eb_n0_db, blocks), blocks), RECORDED[eb_n0_db])


@pytest.mark.parametrize(("size", "length"), CODES)
def test_words_survive_without_noise(size: int, length: int) -> None:
    code = LdpcCode(size, length)
    words = words_of(size, 3, size)
    coded = code.encode(words)
    assert coded.shape == (3, length)
    assert torch.equal(code.decode(8 * (1 - 2.0 * coded)), words)


@pytest.mark.parametrize(("size", "length", "variance"), [(100, 300, 1.45), (300, 360, 0.33), (1024, 2048, 0.78)])
def test_decodes_what_the_decoder_of_sionna_decodes(size: int, length: int, variance: float) -> None:
    """At a noise where some words are lost; the two round differently, which may decide one word in a hundred."""
    parts = sionna("fec.ldpc")
    encoder = parts.LDPC5GEncoder(size, length, device="cpu")
    decoder = parts.LDPC5GDecoder(encoder, cn_update="boxplus", num_iter=ITERATIONS, device="cpu")
    words = words_of(size, 100, "sionna", size)
    code = LdpcCode(size, length)
    coded = code.encode(words)
    assert torch.equal(coded, encoder(words.float()).to(torch.uint8))
    ratios = heard(coded, variance, size)
    expected = decoder(-ratios).to(torch.uint8)
    found = code.decode(ratios, pause=ITERATIONS)
    assert 2 <= int((expected != words).any(dim=1).sum()) <= 98
    assert int((found != expected).any(dim=1).sum()) <= 1


@pytest.mark.parametrize(("size", "length", "variance"), [(100, 300, 1.45), (1024, 2048, 0.78)])
def test_looking_at_words_on_the_way_changes_none(size: int, length: int, variance: float) -> None:
    code = LdpcCode(size, length)
    ratios = heard(code.encode(words_of(size, 300, "pause", size)), variance, "pause", size)
    whole = code.decode(ratios, pause=ITERATIONS)
    for pause in (1, 2, 3):
        assert torch.equal(code.decode(ratios, pause=pause), whole)


def test_no_words_are_no_mistake() -> None:
    assert LdpcCode(100, 300).decode(torch.zeros(0, 300)).shape == (0, 100)
