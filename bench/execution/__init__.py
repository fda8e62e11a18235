"""Who runs the runs: for now, worker processes on this machine."""
