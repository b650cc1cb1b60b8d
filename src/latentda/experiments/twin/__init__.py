"""Twin experiments: a nature run, simulated observations, cycles, scores."""
