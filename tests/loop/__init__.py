"""The two-way loop under fire: processes are killed while people act, and nothing is lost or said twice."""
