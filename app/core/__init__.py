"""The clinical and identity rules. Pure: standard library only, no I/O, no clock; time is an argument."""
