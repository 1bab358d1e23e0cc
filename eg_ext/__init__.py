"""Kernel profiles for Jupyter Enterprise Gateway on Kubernetes.

Importing this package is cheap and needs none of its extras:
:class:`ProfileProcessProxy`, the name that kernelspecs give to Enterprise
Gateway, is loaded when it is first used.
"""

# Every kernel's start imports this module, and typing costs as much as all the rest of it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .gateway.proxy import ProfileProcessProxy

__all__ = ["ProfileProcessProxy", "__version__"]

__version__ = "0.1.0.dev0"


def __getattr__(name: str) -> object:
    if name == "ProfileProcessProxy":
        from .gateway.proxy import ProfileProcessProxy

        return ProfileProcessProxy
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
