"""lm-eval tasks for PCEB, CPsyExam and the sample: YAML and the thin glue under it."""
