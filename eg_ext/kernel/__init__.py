"""What runs inside a kernel's pod: a launcher that starts any Jupyter kernel unchanged.

This room needs the standard library and pyzmq, and nothing else of eg_ext. The console script
``eg-ext-kernel`` is :func:`eg_ext.kernel.launcher.main`; docs/launcher.md says what it does.
"""
