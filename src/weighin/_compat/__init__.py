"""Drop-in replacements for code people already have: the article's class, scikit-learn's function."""
