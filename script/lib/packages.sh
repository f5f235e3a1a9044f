# shellcheck shell=bash disable=SC2034
# packages.sh — the Debian 12 packages that building, running and testing need.
# Sourced by script/run and script/test.

BUILD_PACKAGES=(
        build-essential cmake ninja-build pkg-config
        libevent-dev libssl-dev libsqlite3-dev libgsasl-dev libsodium-dev libconfig-dev
        libjansson-dev libutf8proc-dev libidn2-dev libunbound-dev
        libcurl4-openssl-dev zlib1g-dev
)
# What script/run uses beside the programs it builds, and the commands it prints.
RUN_PACKAGES=(openssl curl swaks libnet-ssleay-perl dns-root-data)
# The line of libraries is for UNPACKED_PACKAGES.
TEST_PACKAGES=(
        check clang clang-format-14 clang-tidy-14 libclang-rt-14-dev
        python3 python3-pytest python3-pytest-xdist strace git iproute2 man-db systemd
        knot knot-dnssecutils python3-dkim
        libbsd0 libdb5.3 libgnutls-dane0 libicu72 libidn12 libnsl2 libnss-wrapper libsasl2-2
        fetchmail getmail6 gsasl imapfilter isync msmtp mpop neomutt shellcheck pyflakes3
)
# Mail servers that the tests talk to, which installed would start and exclude each other; and a verifier.
UNPACKED_PACKAGES=(postfix exim4-daemon-light libopendkim11)

# unpack_packages DIRECTORY: each into a directory of its name, unless it is there.
unpack_packages() {
        local package place
        for package in "${UNPACKED_PACKAGES[@]}"; do
                place=$1/$package
                [ ! -d "$place" ] || continue
                rm -rf "$place.new" && mkdir -p "$place.new" || return 1
                (
                        cd "$place.new" && apt-get download -q "$package" && dpkg -x ./*.deb . &&
                                rm ./*.deb
                ) && mv "$place.new" "$place" || return 1
        done
}

# Programs that may have come another way than by Debian's packages.
command -v npm >/dev/null || TEST_PACKAGES+=(nodejs npm)

missing_packages() {
        local package
        for package; do
                dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
                        grep -qx installed || echo "$package"
        done
}

# Runs apt-get as root, by sudo where there is one; false where neither is possible.
as_root() {
        if [ "$(id -u)" = 0 ]; then
                "$@"
        elif command -v sudo >/dev/null; then
                sudo "$@"
        else
                return 1
        fi
}

# install_packages ASK PACKAGE…: installs what is missing; asks first when ASK is "ask".
install_packages() {
        local ask=$1 missing answer
        shift
        mapfile -t missing < <(missing_packages "$@")
        [ ${#missing[@]} -gt 0 ] || return 0
        echo "These Debian packages are needed and not installed:"
        echo "  ${missing[*]}"
        if [ "$ask" = ask ]; then
                read -r -p "Install them now with apt-get? [y/N] " answer || answer=n
                case $answer in
                y | Y | yes) ;;
                *)
                        echo "Nothing was installed. By hand: apt-get install ${missing[*]}" >&2
                        return 1
                        ;;
                esac
        fi
        if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
                --no-install-recommends "${missing[@]}" &&
                ! { as_root apt-get update -q &&
                        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
                                --no-install-recommends "${missing[@]}"; }; then
                echo "They could not be installed. As root: apt-get install ${missing[*]}" >&2
                return 1
        fi
}
