"""What the organization's numbers say: each metric defined once, counted through what the other apps export.

It owns the definitions, the periods and what is masked; it owns no row. Words: metric (a number with one definition),
grain (day, week or month), period (one day, week or month of the organization's clock), member (one doctor of one
department, one laboratory or one type, of those by whom a metric is grouped), tally (what was counted in one cell),
masked (not told, because it is small or because something small would follow from it).
"""
