"""The replication report: collected from the runs and goldens, drawn, and rendered."""
