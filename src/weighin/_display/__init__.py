"""What is shown: terminal, notebook, page and charts, from plain values."""
