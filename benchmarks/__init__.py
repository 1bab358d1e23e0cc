"""Measurements against baselines, side by side in one run: ``make bench``."""
