#!/usr/bin/env bash
# From nothing to ten distilled images: installs what is missing, builds the program, and distils the built-in digits
# for the quantum LeNet. What follows the name of this script goes to scripts/distill.lua (see --help there).
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/setup.sh
. scripts/setup.sh

install_packages "${build_packages[@]}"
begin=$SECONDS
configured build || configure build -DCMAKE_BUILD_TYPE=Release
build build moonstill
printf 'Program: build/moonstill (built in %d s)\n' $((SECONDS - begin))
command -v gnuplot >/dev/null || printf 'Optional: the package gnuplot-nox, for plots as PNG, SVG and PDF files.\n'
printf '\n'

exec build/moonstill run scripts/distill.lua --preset start "$@"
