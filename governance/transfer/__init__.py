"""The whole register in open formats, and an equal register from it.

`kinds` says which tables go along, `cells` how a value is written, `writing` and `reading` do it.
"""
