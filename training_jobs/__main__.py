"""`python -m training_jobs`."""

from training_jobs.cli import entry_point

if __name__ == "__main__":
    entry_point()
