# shellcheck shell=bash
# shellcheck disable=SC2034 # the lists are used by those who source this
# Sourced by start.sh and tests/run.sh: installs what is missing, configures and builds.
# The sourcing script stands in the top folder of the project and has `set -euo pipefail`.

# Distribution packages, under the names of Debian 12 and Ubuntu 24.04.
build_packages=(g++ cmake ninja-build pkg-config liblua5.4-dev libeigen3-dev libfmt-dev
  librandom123-dev libcli11-dev nlohmann-json3-dev libpng-dev libjpeg-dev zlib1g-dev libarchive-dev libssl-dev
  libmimalloc-dev)
test_packages=(catch2 libbenchmark-dev lua-penlight lua-inspect curl)
bench_packages=(libbenchmark-dev)

# Whether this is Debian 12, Ubuntu 24.04, or something newer or made from them.
known_system() {
  [ -r /etc/os-release ] && command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || return 1
  (
    # shellcheck source=/dev/null
    . /etc/os-release
    version=${VERSION_ID:-9999} # a testing or unstable Debian has none
    case ${ID:-} in
      debian) [ "${version%%.*}" -ge 12 ] ;;
      ubuntu) [ "${version%%.*}" -ge 24 ] ;;
      *) case " ${ID_LIKE:-} " in *" debian "* | *" ubuntu "*) ;; *) false ;; esac ;;
    esac
  )
}

# Prints those of the packages that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true) in
      "install ok installed") ;;
      *) printf '%s\n' "$package" ;;
    esac
  done
}

# Says what would have to be installed, and gives up.
refuse_to_install() {
  local reason=$1
  shift
  {
    printf '%s\nMoonstill needs these packages (names as in Debian 12 and Ubuntu 24.04):\n' "$reason"
    printf '  %s\n' "$@"
    printf 'Install them, then run this command again, or build by hand:\n'
    printf '  cmake -S . -B build && cmake --build build --target moonstill\n'
  } >&2
  exit 2
}

# Installs what is missing of the packages.
install_packages() {
  known_system || refuse_to_install "This is neither Debian 12 or newer nor Ubuntu 24.04 or newer." "$@"
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || refuse_to_install "Packages are missing, and there is neither root nor sudo." "${missing[@]}"
    as_root=(sudo)
    # Without a terminal nobody can type a password.
    [ -t 0 ] || as_root=(sudo -n)
    "${as_root[@]}" true 2>/dev/null || refuse_to_install "Packages are missing, and sudo is refused." "${missing[@]}"
  fi
  printf 'Installing: %s\n' "${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
    -o Dpkg::Use-Pty=0 install "${missing[@]}" >/dev/null
}

# Whether a folder can be built.
configured() { [ -e "$1/build.ninja" ] || [ -e "$1/Makefile" ]; }

# configure FOLDER [-DOPTION=VALUE ...]: does nothing where the folder is configured with these options already.
configure() {
  local folder=$1 log
  shift
  local wanted="$*"
  if configured "$folder" && [ "$(cat "$folder/options" 2>/dev/null)" = "$wanted" ]; then return 0; fi
  if [ ! -e "$folder/CMakeCache.txt" ]; then set -- -G Ninja "$@"; fi
  if command -v ccache >/dev/null; then set -- -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@"; fi
  log=$(mktemp)
  cmake -S . -B "$folder" "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    rm -f "$log"
    return 1
  }
  rm -f "$log"
  printf '%s' "$wanted" >"$folder/options"
}

# build FOLDER [TARGET ...]: a line that moves on a terminal, warnings and errors only elsewhere.
build() {
  local folder=$1 targets=() quiet=()
  shift
  [ $# -eq 0 ] || targets=(--target "$@")
  [ -t 1 ] || quiet=(-- --quiet)
  cmake --build "$folder" --parallel "$(nproc)" "${targets[@]}" "${quiet[@]}"
}
