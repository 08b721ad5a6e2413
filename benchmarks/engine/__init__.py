"""What the benchmark of the trial engine runs: the work, our trials, and the recipes of others."""
