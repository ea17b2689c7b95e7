"""Every framework beside a ten-line loop over its own predict: see docs/works-with.md."""
