#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What must not be included, used or linked, each with its reason.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# forbid REASON EXTENDED-REGEX FILE-PATTERN...: comment lines are left out.
forbid() {
    local reason=$1 regex=$2 hits
    shift 2
    hits=$(files "$@" | xargs -r grep -nHE -- "$regex" | grep -vE '^[^:]*:[0-9]*:[[:space:]]*//' || true)
    while IFS= read -r hit; do
        [ -z "$hit" ] || complain "${hit:0:120} ($reason)"
    done <<<"$hits"
}
include='^[[:space:]]*#[[:space:]]*include[[:space:]]*'
sources=('include/weft/*' 'src/*.cpp' 'src/*.hpp' 'tests/*.cpp' 'tests/*.hpp')

forbid "a door costs its readers no Asio and no spdlog: only control and server have them" \
    "$include<(spdlog|fmt|boost/(asio|beast))" 'include/weft/*' \
    ':!include/weft/control/*' ':!include/weft/server/*'
forbid "protocols are pure: bytes, a time and a random source in, actions out" \
    "$include<(sys/|netinet/|arpa/|net/|linux/|unistd|thread|spdlog|boost/(asio|beast))" \
    'include/weft/wg/*' 'src/wg/*' 'include/weft/identity/*' 'src/identity/*' \
    'include/weft/gossip/*' 'src/gossip/*' 'include/weft/issuer/*' 'src/issuer/*' \
    'include/weft/mesh/*' 'src/mesh/*'
forbid "the packet path does not log, throw or format" \
    "$include<(spdlog|iostream|sstream|boost/(asio|beast))" 'include/weft/dataplane/*' 'src/dataplane/*'
forbid "netlink bytes belong to netlink, nft objects to firewall" \
    "$include<(libnftnl|libmnl)/" 'include/weft/*' 'src/*.cpp' 'src/*.hpp' ':!src/netlink/*' ':!src/firewall/*'
forbid "clang 14 has no std::views with this library" '(std::|ranges::)views\b' "${sources[@]}"
forbid "clang 14 has no source_location" 'std::source_location|<source_location>' "${sources[@]}"
forbid "g++ 12 has no <format>" "$include<format>|std::format\b" "${sources[@]}"
forbid "<expected> needs C++23: use base/result.hpp" "$include<expected>" "${sources[@]}"
forbid "its field named class does not compile: sys/tun_offload.hpp has our own" \
    "$include<linux/virtio_net.h>" "${sources[@]}"
forbid "no friend tests, no test branches in the product" 'FRIEND_TEST|if \((is_)?testing\)' \
    'include/weft/*' 'src/*.cpp' 'src/*.hpp'
forbid "-m flags of a file leak its instructions into inline functions of others: use [[gnu::target]]" \
    'set_source_files_properties|-m(avx|sse|fpu|arch)' CMakeLists.txt 'tests/CMakeLists.txt'
forbid "the CLI never links GPL libraries" 'weft_room\((cli|config|api|sys|net|base|crypto)[^)]*(nftnl|mnl)' CMakeLists.txt
forbid "libcurl belongs to the programs of discovery: weftd never links it" \
    "$include<curl/" 'include/weft/*' 'src/*.cpp' 'src/*.hpp' ':!src/discovery/scaleway/*'

forbid "what others have named goes into the page as text" \
    'innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|setHTML|\beval\(|new Function' 'src/server/page/*'

! [ -x build/release/weftd ] || ! objdump -p build/release/weftd | grep -q 'NEEDED.*libcurl' ||
    complain "build/release/weftd links libcurl"
# The plugin is one file that any machine runs: what is in it is read off its map.
plugin=build/release/weft-cni
if [ -x $plugin ]; then
    ! objdump -p $plugin | grep -q NEEDED || complain "$plugin needs shared libraries (it is to be static)"
    ! grep -qE 'lib(sodium|mnl|nftnl|spdlog|fmt)' $plugin.map ||
        complain "$plugin links libsodium, libmnl, libnftnl or spdlog (see $plugin.map)"
    [ "$(stat -c %s $plugin)" -le $((2 << 20)) ] || complain "$plugin is larger than 2 MiB"
fi
for program in build/release/weft build/release/weft-cni; do
    [ -x "$program" ] || continue
    ! objdump -p "$program" | grep -qE 'NEEDED.*(nftnl|libmnl)' ||
        complain "$program links libnftnl or libmnl (GPL: only weftd may)"
done
finish
