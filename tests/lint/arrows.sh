#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Arrows go down only: which rooms a room may include, and no room reads another's private headers.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

declare -A may=(
    [base]=""
    [net]="base"
    [crypto]="base"
    [wg]="base net crypto"
    [identity]="base net crypto"
    [gossip]="base net crypto identity"
    [issuer]="base net crypto identity"
    [mesh]="base net crypto identity gossip issuer"
    [sys]="base net"
    [netlink]="base net sys"
    [firewall]="base net netlink"
    [ipam]="base net"
    [dataplane]="base net crypto wg sys"
    [config]="base net sys"
    [api]="base net sys"
    [discovery]="base net sys"
    [control]="base net crypto wg identity gossip issuer mesh sys netlink firewall ipam dataplane config api discovery"
    [server]="base net sys api control"
    [cli]="base net sys crypto identity api config ipam"
    [cni]="base net sys ipam api netlink"
    [bin]="base config control server cli cni api discovery"
)

room_of() { # FILE -> its room
    case $1 in
    tests/unit/refusal/*) echo dataplane ;;
    include/weft/*/* | tests/unit/*/*) cut -d/ -f3 <<<"$1" ;;
    src/*/*) cut -d/ -f2 <<<"$1" ;;
    esac
}

while IFS= read -r hit; do
    file=${hit%%:*}
    line=${hit#*:}
    line=${line%%:*}
    included=$(sed -E 's/.*#[[:space:]]*include[[:space:]]*[<"]([^>"]*)[>"].*/\1/' <<<"$hit")
    room=$(room_of "$file")
    if [ -z "${may[$room]+known}" ]; then
        complain "$file:$line: no such room: $room (rooms are listed in src/README.md and here)"
        continue
    fi
    case $hit in
    *include*'<weft/'*)
        other=${included#weft/}
        other=${other%%/*}
        case " $room ${may[$room]} " in
        *" $other "*) ;;
        *) complain "$file:$line: $room includes weft/$other: it may include only: ${may[$room]:-nothing} (arrows go down only)" ;;
        esac
        ;;
    *include*'"'*)
        case $file in
        include/*) complain "$file:$line: \"$included\": a door includes doors only, as <weft/...>" ;;
        src/*) [ -f "src/$room/$included" ] ||
            complain "$file:$line: \"$included\" is not in src/$room (private headers stay in their room)" ;;
        tests/*) [ -f "src/$room/$included" ] || [ -f "tests/support/$included" ] ||
            [ -f "$(dirname "$file")/$included" ] || [ -f "tests/unit/$room/$included" ] ||
            complain "$file:$line: \"$included\" is neither in src/$room nor in tests/support" ;;
        esac
        ;;
    esac
done < <(files 'include/weft/*' 'src/*.cpp' 'src/*.hpp' 'tests/unit/*' |
    xargs -r grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*(<weft/|")')
finish
