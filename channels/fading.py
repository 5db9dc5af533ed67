"""The flat-fading channel: a complex gain, then noise, then the equaliser of the receiver."""

from typing import get_args

import torch
from torch import Tensor

from semlink.channels.contract import Channel, Frame, Reception
from semlink.channels.csi import ChannelEstimate, Csi, perfect_estimate, pilot_estimate, prior_estimate
from semlink.channels.equaliser import Equaliser, equalise
from semlink.channels.gains import Coherence, GainLaw, block_count, draw_gains, occupied_blocks, spread
from semlink.channels.noise import complex_normal
from semlink.channels.snr import noise_variance
from semlink.errors import WrongField


class FlatFading(Channel):
    """Multiplies symbols by random gains, adds noise, and equalises with what the receiver knows of the gains.

    y = h s + n,  h ~ law with E|h|^2 = 1,  n ~ CN(0, N0),  estimate of s: g y.
    N0 follows from the transmit power alone, so the received power fades and the noise does not.

    Fields: law: of the gains.
            coherence: "symbol", "block" (one gain for an example), or how many channel uses share a gain. Gains
            are independent between coherence blocks and between examples.
            csi: "perfect", "estimated" (from pilots), or "none" (only the law is known).
            equaliser: "zf", "mmse", or "none"; csi "none" leaves only "none".
            pilots: unit-energy pilots in each coherence block with csi "estimated". They come on top of the data
            uses, within the coherence time of the block: `total_uses` counts them.
    Errors: WrongField when a field has another value, or the fields contradict each other.
    """

    def __init__(self, law: GainLaw, coherence: Coherence, csi: Csi, equaliser: Equaliser, pilots: int) -> None:
        super().__init__()
        if not (coherence >= 1 if isinstance(coherence, int) else coherence in ("symbol", "block")):
            raise WrongField(
                f"coherence cannot be {coherence}; choose symbol, block or a whole number of channel uses."
            )
        for field, value, valid in (("csi", csi, get_args(Csi)), ("equaliser", equaliser, get_args(Equaliser))):
            if value not in valid:
                raise WrongField(f"{field} cannot be {value}; choose one of: {', '.join(valid)}.")
        if csi == "none" and equaliser != "none":
            raise WrongField(f"Without csi there is nothing for {equaliser} to equalise with; use equaliser=none.")
        if pilots < 1:
            raise WrongField(f"pilots cannot be {pilots}; give at least 1.")
        if pilots != 1 and csi != "estimated":
            raise WrongField(f"With csi={csi} there are no pilots; use csi=estimated or leave pilots out.")
        self.law, self.coherence, self.csi, self.equaliser, self.pilots = law, coherence, csi, equaliser, pilots

    def forward(self, frame: Frame, snr_db: float | Tensor, generator: torch.Generator) -> Reception:
        # The gains come first: with block coherence, codecs with different numbers of uses meet the same fades.
        batch, uses = frame.symbols.shape
        return self.receive(frame, self.draw(batch, uses, generator), snr_db, generator)

    def draw(self, batch: int, uses: int, generator: torch.Generator) -> Tensor:
        """The gains of a batch: complex64 [batch, blocks]. Keep them to send something else over the same fades."""
        return draw_gains(self.law, batch, block_count(self.coherence, uses), generator)

    def receive(self, frame: Frame, gains: Tensor, snr_db: float | Tensor, generator: torch.Generator) -> Reception:
        """Sends a frame over given gains complex64 [batch, blocks]; draws pilot noise, then data noise."""
        batch, uses = frame.symbols.shape
        variance = noise_variance(snr_db, batch, frame.symbols.device)
        equalised = equalise(self.equaliser, self._know(gains, variance, generator), variance)
        # In place from here on: a second tensor of this size would cost more than the arithmetic.
        received = complex_normal(variance, uses, generator).addcmul_(self._spread(gains, uses), frame.symbols)
        if self.equaliser != "none":
            received.mul_(self._spread(equalised.weight, uses))
        received.masked_fill_(~frame.mask, 0)
        return Reception(received, self._spread(equalised.error, uses), frame.mask, self._spread(equalised.bias, uses))

    def total_uses(self, mask: Tensor) -> Tensor:
        """Data uses, and with estimated CSI `pilots` more in each coherence block that an example occupies."""
        spent = self.pilots * occupied_blocks(mask, self.coherence) if self.csi == "estimated" else 0
        return self.data_uses(mask) + spent

    def _know(self, gains: Tensor, variance: Tensor, generator: torch.Generator) -> ChannelEstimate:
        if self.csi == "perfect":
            return perfect_estimate(gains)
        if self.csi == "estimated":
            return pilot_estimate(gains, self.law, variance, self.pilots, generator)
        return prior_estimate(self.law, gains.device)

    def _spread(self, values: Tensor, uses: int) -> Tensor:
        return spread(values, self.coherence, uses)
