"""Speed and memory as ratios within one run (README, Speed). Not collected by pytest: run `make bench`."""
