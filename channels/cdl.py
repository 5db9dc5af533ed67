"""The clustered delay lines of 3GPP: paths with directions, which correlate the antennas of an array."""

import math

import torch
from torch import Tensor

from semlink.channels import profiles
from semlink.channels.multipath import doppler_hz
from semlink.channels.ofdm import Ofdm
from semlink.channels.resource_grid import SYMBOLS
from semlink.channels.sionna_adapter import device_name, drawing_from, sionna


class Cdl(Ofdm):
    """Each path is a cluster of 20 rays with directions of departure and arrival; the fields are those of `Ofdm`.

    Both ends have a line of omnidirectional, vertically polarised antennas half a wavelength apart, so that every pair
    has E|h|^2 = 1, and the directions of the clusters correlate the pairs. The receiver moves, at `speed_kmh`, in a
    direction that is uniform over the sphere: gains at times b apart correlate as sin(x) / x, x = 2 pi f_D b.

    With csi "estimated" each pair is estimated on its own, from these correlations over all directions. In an example
    the direction is one, and pairs are alike, so the noise variance is right on average only roughly; the tests say
    how far off it is. A line of sight (CDL-D, CDL-E) has a random phase, in place of its unknown distance, and, having
    one direction, carries one stream only.

    Source: 3GPP TR 38.901, section 7.7.1, drawn by Sionna.
    """

    def draw(self, batch: int, slots: int, generator: torch.Generator) -> Tensor:
        shape = (batch, self.receive, self.transmit, len(self.profile.delays), slots * SYMBOLS)
        if 0 in shape:
            return torch.zeros(shape, dtype=torch.complex64, device=generator.device)
        direction = torch.nn.functional.normalize(
            torch.randn(batch, 3, generator=generator, device=generator.device), dim=1
        )
        phase = 2 * math.pi * torch.rand(batch, generator=generator, device=generator.device)
        device, part = device_name(generator.device), sionna("channel.tr38901")
        departing, arriving = (
            part.PanelArray(
                num_rows_per_panel=1,
                num_cols_per_panel=antennas,
                polarization="single",
                polarization_type="V",
                antenna_pattern="omni",
                carrier_frequency=self.carrier_ghz * 1e9,
                precision="single",
                device=device,
            )
            for antennas in (self.transmit, self.receive)
        )
        model = part.CDL(
            self.profile.letter,
            self.delay_spread_ns * 1e-9,
            self.carrier_ghz * 1e9,
            ut_array=arriving,
            bs_array=departing,
            direction="downlink",
            ut_velocity=direction * self.speed_kmh / 3.6,
            precision="single",
            device=device,
        )
        with drawing_from(generator):
            gains, _ = model(batch, slots * SYMBOLS, self.grid.symbol_rate)
        turned: Tensor = gains.squeeze(3).squeeze(1) * torch.exp(1j * phase)[:, None, None, None, None]
        return turned

    def path_correlation(self, seconds: Tensor) -> Tensor:
        fading, specular = self.profile.powers()
        powers = torch.tensor((fading[0] + specular, *fading[1:]), dtype=torch.complex128)
        alike = torch.sinc(2 * doppler_hz(self.speed_kmh, self.carrier_ghz) * seconds)
        return powers.view(-1, *[1] * seconds.dim()) * alike


class CdlA(Cdl):
    """CDL-A: no line of sight. The fields are those of `Ofdm`. Source: TR 38.901, table 7.7.1-1."""

    profile = profiles.CDL_A.by_delay()


class CdlB(Cdl):
    """CDL-B: no line of sight. The fields are those of `Ofdm`. Source: TR 38.901, table 7.7.1-2."""

    profile = profiles.CDL_B.by_delay()


class CdlC(Cdl):
    """CDL-C: no line of sight. The fields are those of `Ofdm`. Source: TR 38.901, table 7.7.1-3."""

    profile = profiles.CDL_C.by_delay()


class CdlD(Cdl):
    """CDL-D: a line of sight, K = 13.3 dB. The fields are those of `Ofdm`. Source: TR 38.901, table 7.7.1-4."""

    profile = profiles.CDL_D.by_delay()


class CdlE(Cdl):
    """CDL-E: a line of sight, K = 22 dB. The fields are those of `Ofdm`. Source: TR 38.901, table 7.7.1-5."""

    profile = profiles.CDL_E.by_delay()
