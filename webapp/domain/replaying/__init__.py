"""Trying rules on what happened: what a draft would have paid, beside what was paid.

Everything streams past once, in the order in which it happened, and what rules
need to know of before is kept in memory for each person, referrer and period.
"""
