"""The data pipeline of the paper's section 2 (Psyche-R1)."""
