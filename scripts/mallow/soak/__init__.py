# SPDX-License-Identifier: MIT
"""make soak: random inputs for the parsers, new seeds for the model runs."""
