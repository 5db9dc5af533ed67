"""The file that makes a folder a stored codec: its name is known without torch."""

MANIFEST = "manifest.json"
