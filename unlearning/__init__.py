"""Making a trained codec forget: erasure requests, methods, audits and certificates."""
