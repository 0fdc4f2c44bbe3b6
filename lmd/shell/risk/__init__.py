"""What is risky about a line, and why. Pure.

Rules find known shapes only: a line without risks is not checked for anything else, and whoever
shows them says so. Lines may be hostile; nothing here raises, and work is bounded.
"""

from lmd.shell.risk.checking import Risk, risks

__all__ = ["Risk", "risks"]
