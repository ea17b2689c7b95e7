"""Charts from plain values, specified in Vega-Lite: for a page, its pictures and a notebook."""
