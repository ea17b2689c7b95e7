"""Which way features push: partial dependence, accumulated local effects, single curves."""
