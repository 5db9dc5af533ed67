"""Your own photographs: train an image codec on them, and measure it beside AVIF with a 5G LDPC code.

Write the name of your folder after the name of this script: python own_photographs.py holidays
"""

import sys
from pathlib import Path

import semlink as sl

recipe = f"""
experiment: own-photographs
source:
  name: image-folder
  path: "{Path(sys.argv[1]).resolve().as_posix()}"
  crop: 32          # training sees random squares of 32 x 32 pixels, the sweep whole photographs
codec: image:patch=4,bandwidth_ratio=0.1667
training: {{steps: 300, batch: 32}}
"""
Path("own-photographs.yaml").write_text(recipe)
codec = sl.train("own-photographs.yaml", "own-codec", overrides=sys.argv[2:])
print(f"trained on {codec.card['source']['train_records']} photographs")
results = sl.sweep([codec, "digital:avif"], "awgn", "0:18:6", overrides=["records=4", "draws=1"], out="own-sweep")
for row in results.filter(metric="psnr"):
    print(f"{row.codec} at {row.snr_db:g} dB: {row.value:.1f} dB [{row.low:.1f}, {row.high:.1f}]")
results.plot("psnr").savefig("own-photographs.png", dpi=150)
