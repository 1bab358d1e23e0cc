"""Kernelspecs that this project ships; installed with `eg-ext kernelspecs install`."""
