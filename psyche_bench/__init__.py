"""Measure and make Chinese psychological language models.

Kept empty of imports, so that ``import psyche_bench`` and ``psyche-bench --help`` cost nothing.
"""
