"""Tests of notebooks as jobs."""
