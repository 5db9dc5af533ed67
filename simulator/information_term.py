"""A lower bound on the information between sent and received symbols, as a term of the training loss."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from semlink.channels.contract import Frame, Reception
from semlink.seeding import seed_for, seeded

WIDTH, LEARNING_RATE, CLIP = 32, 1e-3, 1.0


class StatisticsNetwork(nn.Module):
    """T(x, y) of pairs of a sent and a received symbol: two complex64 [pairs] to float32 [pairs]."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(4, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 1)
        )

    def forward(self, sent: Tensor, received: Tensor) -> Tensor:
        pairs = torch.cat([torch.view_as_real(sent), torch.view_as_real(received)], dim=-1)
        values: Tensor = self.layers(pairs).squeeze(-1)
        return values


class InformationTerm:
    """The bound of Donsker and Varadhan on I(x; y) in nats per channel use, and the network that makes it tight.

    I(x; y) >= E_p(x,y)[T] - log E_p(x)p(y)[exp T]. Codec and network both raise the bound, so one backward pass serves
    both. `step` updates the network alone, with its own Adam. The network is not a part of a codec.

    In:     seed: of the network's first weights.
    Source: Belghazi et al., Mutual Information Neural Estimation, 2018, equation 10; DeepSC (Xie et al., Deep Learning
            Enabled Semantic Communication Systems, 2021). Differs: complex symbols instead of real numbers, and no
            moving average against the bias of the gradient, which is small for the thousands of uses of a batch.
    """

    def __init__(self, seed: int, device: torch.device | str = "cpu") -> None:
        self.network = seeded(seed_for(seed, "statistics network"), StatisticsNetwork).to(device)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE)

    def bound(self, frame: Frame, reception: Reception, generator: torch.Generator) -> Tensor:
        """The bound over the used symbols of a batch; `generator` draws the pairs that do not belong together."""
        sent, received = frame.symbols[frame.mask], reception.symbols[frame.mask]
        other = received[torch.randperm(len(received), generator=generator, device=generator.device)]
        apart = self.network(sent, other).logsumexp(dim=0) - math.log(len(sent))
        bound: Tensor = self.network(sent, received).mean() - apart
        return bound

    def step(self) -> None:
        """Updates the network with the gradient of the last backward pass, and clears that gradient."""
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
        self.optimiser.step()
        self.optimiser.zero_grad()

    def state(self) -> dict[str, Any]:
        """All that a training needs to resume."""
        return {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Restores what `state` returned."""
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
