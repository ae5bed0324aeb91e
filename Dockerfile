# SPDX-License-Identifier: MIT
# Mallow with everything it needs, on Debian.
#
#   docker build -t mallow . && docker run -it mallow
#
# For work on a tree of your own, mount it at /mallow; .devcontainer/ does that for
# VS Code and Codespaces.
FROM debian:12
RUN apt-get update && apt-get install -y --no-install-recommends git ca-certificates
COPY . /mallow
WORKDIR /mallow
RUN scripts/setup
RUN make iso
CMD ["make", "run"]
