"""A real Kubernetes on one Linux machine, without Docker: `python3 -m devcluster up`.

Standard library only, since it runs before any environment exists.
"""
