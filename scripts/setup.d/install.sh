# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154  # variables are shared with setup
#
# Part of scripts/setup: how packages come onto this system.
#
#   choose_system    apt, dnf, pacman or brew, and the column of the table
#   resolve          takes what is installed out of `packages`
#   tell             says what would install `packages`
#   install_all      installs `packages`

# choose_system   sets `column`, of the table, `install`, its command, and `x86`
choose_system() {
    column=1 install=() sudo='' x86=false
    case $(uname -m) in x86_64 | amd64 | i?86) x86=true ;; esac
    if [ "$(uname -s)" = Darwin ]; then
        column=4 install=(brew install)
    elif command -v apt-get >/dev/null; then
        column=1 install=(apt-get install -y --no-install-recommends)
    elif command -v dnf >/dev/null; then
        column=2 install=(dnf install -y --setopt=install_weak_deps=False)
    elif command -v pacman >/dev/null; then
        column=3 install=(pacman -S --needed --noconfirm)
    fi
    [ "$column" = 4 ] || [ "$(id -u)" = 0 ] || sudo='sudo '
}

# as_root COMMAND...   never waits for a password without a terminal
as_root() {
    if [ -z "$sudo" ]; then
        "$@" </dev/null
    elif ! command -v sudo >/dev/null; then
        echo "setup: no sudo here; run scripts/setup as root" >&2
        exit 1
    elif [ -t 0 ] && [ -z "${CI-}" ]; then
        sudo "$@"
    else
        sudo -n "$@" </dev/null
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get \
        -o DPkg::Lock::Timeout=600 "$@"
}

# known PACKAGE...   apt's lists have all of them
known() {
    local package
    for package; do
        apt-cache show "$package" >/dev/null 2>&1 || return
    done
}

# resolve   leaves in `packages` what is not installed, and puts gcc's major
# version where a name has it: that of the gcc which is here, or else of the
# one that apt would install
resolve() {
    local major package absent=
    major=$(gcc -dumpversion 2>/dev/null ||
        apt-cache depends gcc 2>/dev/null |
        sed -n 's/.*Depends: gcc-\([0-9]\)/\1/p')
    [ -z "$major" ] || packages=${packages//GCC/${major%%.*}}
    for package in $packages; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
            grep -qx installed || absent+="${absent:+ }$package"
    done
    packages=$absent
}

# fetch_lists   what apt's lists lack even when they are fresh is left out: the
# need may be met without it, and if not, it is named in the end
fetch_lists() {
    local package there=
    apt update || return
    resolve
    for package in $packages; do
        ! known "$package" || there+="${there:+ }$package"
    done
    packages=$there
}

# tell   what installs it; with old lists, apt alone might not
tell() {
    # shellcheck disable=SC2086  # names have no blanks
    if [ "${#install[@]}" = 0 ]; then
        echo "Debian's names of what to install: $packages"
    elif [ "${install[0]}" = apt-get ] && ! known $packages; then
        echo "to install it: scripts/setup"
    else
        echo "to install it: $sudo${install[*]} $packages"
    fi
}

# install_apt   fetches apt's lists only if they lack a name, or if apt failed
# (its status is 100 then): they may name versions that are no longer there
install_apt() {
    # shellcheck disable=SC2086
    known $packages || fetch_lists || return
    echo "running: $sudo${install[*]} $packages"
    # shellcheck disable=SC2086
    apt "${install[@]:1}" $packages
    # shellcheck disable=SC2086
    case $? in
    0) ;;
    100) apt update && apt "${install[@]:1}" $packages ;;
    *) return 1 ;;
    esac
}

install_all() {
    case ${install[0]-} in
    '')
        echo "setup: no apt, dnf, pacman or brew to install them with" >&2
        return 1
        ;;
    apt-get) install_apt ;;
    *)
        echo "running: $sudo${install[*]} $packages"
        # shellcheck disable=SC2086
        as_root "${install[@]}" $packages
        ;;
    esac
}
