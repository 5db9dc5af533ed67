"""The tapped delay lines of 3GPP: paths that fade on their own, alike between all antennas."""

import math

import torch
from torch import Tensor

from semlink.channels import profiles
from semlink.channels.multipath import doppler_hz
from semlink.channels.ofdm import Ofdm
from semlink.channels.resource_grid import SYMBOLS
from semlink.channels.sionna_adapter import device_name, drawing_from, sionna

LINE_OF_SIGHT = 0.7  # its Doppler shift over the largest: TR 38.901, section 7.7.2


class Tdl(Ofdm):
    """Each path is Rayleigh fading from a ring of scatterers around the receiver; the fields are those of `Ofdm`.

    The gains of a path at times b apart correlate as J0(2 pi f_D b), and those of different paths and antenna pairs
    are independent. A line of sight (TDL-D, TDL-E) has a random phase, a Doppler shift of 0.7 f_D, and is the same for
    all antenna pairs: it carries one stream only. It is not Gaussian, so that with csi "estimated" the noise variance
    is right on average over the gains, but not for each of them.

    Source: 3GPP TR 38.901, section 7.7.2, drawn by Sionna as a sum of 20 sinusoids for each path: Xiao, Zheng and
            Beaulieu, Novel sum-of-sinusoids simulation models, IEEE Transactions on Wireless Communications, 2006.
    """

    def draw(self, batch: int, slots: int, generator: torch.Generator) -> Tensor:
        shape = (batch, self.receive, self.transmit, len(self.profile.delays), slots * SYMBOLS)
        if 0 in shape:
            return torch.zeros(shape, dtype=torch.complex64, device=generator.device)
        model = sionna("channel.tr38901").TDL(
            self.profile.letter,
            self.delay_spread_ns * 1e-9,
            self.carrier_ghz * 1e9,
            los_angle_of_arrival=math.acos(LINE_OF_SIGHT),
            min_speed=self.speed_kmh / 3.6,
            num_rx_ant=self.receive,
            num_tx_ant=self.transmit,
            precision="single",
            device=device_name(generator.device),
        )
        with drawing_from(generator):
            gains, _ = model(batch, slots * SYMBOLS, self.grid.symbol_rate)
        drawn: Tensor = gains.squeeze(3).squeeze(1)
        return drawn

    def path_correlation(self, seconds: Tensor) -> Tensor:
        fading, specular = self.profile.powers()
        phase = 2 * math.pi * doppler_hz(self.speed_kmh, self.carrier_ghz) * seconds
        correlation = torch.special.bessel_j0(phase) * torch.tensor(fading).double().view(-1, *[1] * phase.dim())
        return torch.cat([correlation[:1] + specular * torch.exp(1j * LINE_OF_SIGHT * phase), correlation[1:] + 0j])


class TdlA(Tdl):
    """TDL-A: no line of sight. The fields are those of `Ofdm`. Source: TR 38.901, table 7.7.2-1."""

    profile = profiles.TDL_A


class TdlB(Tdl):
    """TDL-B: no line of sight. The fields are those of `Ofdm`. Source: TR 38.901, table 7.7.2-2."""

    profile = profiles.TDL_B


class TdlC(Tdl):
    """TDL-C: no line of sight. The fields are those of `Ofdm`. Source: TR 38.901, table 7.7.2-3."""

    profile = profiles.TDL_C


class TdlD(Tdl):
    """TDL-D: a line of sight, K = 13.3 dB. The fields are those of `Ofdm`. Source: TR 38.901, table 7.7.2-4."""

    profile = profiles.TDL_D


class TdlE(Tdl):
    """TDL-E: a line of sight, K = 22 dB. The fields are those of `Ofdm`. Source: TR 38.901, table 7.7.2-5."""

    profile = profiles.TDL_E
