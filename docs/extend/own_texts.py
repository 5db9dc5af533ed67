"""Your own sentences with their owners: train a text codec, erase one owner, audit what is left, and report.

Name your table, with the columns text and owner, and the owner to erase: python own_texts.py messages.csv anna
"""

import sys
from pathlib import Path

import semlink as sl

table, owner, *overrides = sys.argv[1:]
recipe = f"""
experiment: own-texts
source:
  name: records
  path: "{Path(table).resolve().as_posix()}"
codec: text
training: {{steps: 600, batch: 32}}
"""
Path("own-texts.yaml").write_text(recipe)
request = sl.ErasureRequest.of("owner", owner, reason="Consent was withdrawn.", time="2026-11-01")
original = sl.train("own-texts.yaml", "original", overrides=overrides)
erased = sl.erase(original, request, "erased", method="finetune")
retrained = sl.erase(original, request, "retrained", method="retrain")  # the reference of every verdict
found = sl.audit(original, erased, retrained, request, "audit", ["membership"])
for row in found.filter(version="erased"):
    print(f"{row.metric} of the erased codec: {row.value:.2f} [{row.low:.2f}, {row.high:.2f}]")
print("Open", sl.report("audit"))
