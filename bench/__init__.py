"""The harness: trains every strategy on shared data and seeds, scores the runs and reports the comparison."""
