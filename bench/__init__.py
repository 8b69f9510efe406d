"""Side-by-side measurements: each way of the product against the same work done by hand, as ratios."""
