"""SFT and GRPO training of the paper's section 2.5."""
