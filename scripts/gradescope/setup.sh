#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Gradescope runs this once, as root, when it makes the image: it installs what
# the grader needs and builds the kernel, so that a grading need not.
set -eu
tree=${AUTOGRADER:-/autograder}/source/mallow

"$tree/scripts/setup" || echo "setup.sh: going on with what is there" >&2
make --no-print-directory -C "$tree" -j"$(nproc)" iso
