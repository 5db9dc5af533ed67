"""Your own torch modules as a codec: trained, swept beside JPEG with 5G LDPC, erased from, and audited."""

import torch
from torch import nn

import semlink as sl


def encoder(channels, filters: int = 4):  # semlink hands over the channels of the images; filters is a field of recipes
    return nn.Sequential(nn.Conv2d(channels, 32, 3, 2, 1), nn.PReLU(), nn.Conv2d(32, filters, 3, 1, 1))


class Decoder(nn.Module):
    def __init__(self, channels, filters: int = 4):
        super().__init__()
        self.features, self.image = nn.Conv2d(2 * filters, 32, 3, 1, 1), nn.ConvTranspose2d(32, channels, 4, 2, 1)

    def forward(self, latent, noise_variance):  # the second is handed over by its name, in the shape of the latent
        return self.image(self.features(torch.cat([latent, noise_variance.log()], dim=1)).relu()).sigmoid()


sl.wrap(encoder, Decoder, name="two-convolutions", loss=lambda estimate, images: (estimate - images).square())
recipe = {"experiment": "mine", "source": "digits", "codec": {"name": "two-convolutions", "filters": 2}}
training = {"steps": 300, "batch": 32, "learning_rate": 0.003, "snr_db": [0, 18]}
mine = sl.train(sl.Recipe(**recipe, channel="awgn", training=training), "mine")
sl.sweep([mine, "digital:jpeg"], "rayleigh", [6, 18], out="curves", overrides=["records=50"], workers=2)
zeros = sl.ErasureRequest.of("label", ["0"], reason="Consent was withdrawn.", time="2026-11-01")
erased, again = (sl.erase(mine, zeros, folder, method) for folder, method in {"scu": "scu", "again": "retrain"}.items())
sl.audit(mine, erased, again, zeros, "audit", ["membership", "information"])
