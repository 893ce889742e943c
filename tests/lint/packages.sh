#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What can be seen of the Debian packages without building them: maintainer scripts are strict, what the packages
# are to hold is there, and every unit and page of the manual is in one.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

debian=packaging/debian
mapfile -t scripts < <(compgen -G "$debian/*.p*[mt]" | grep -E '\.(pre|post)(inst|rm)$')
[ ${#scripts[@]} -gt 0 ] || complain "$debian: no maintainer scripts"
for script in "${scripts[@]}"; do
    head -n 1 "$script" | grep -qx '#!/bin/sh' || complain "$script:1: not for /bin/sh (bash may be missing)"
    grep -qx 'set -e' "$script" || complain "$script: no set -e (what fails must stop dpkg)"
    grep -qx '#DEBHELPER#' "$script" || complain "$script: no #DEBHELPER# (units and users are set up there)"
done
if command -v shellcheck >/dev/null; then
    said=$(shellcheck -s sh -e SC2317 "${scripts[@]}" 2>&1) || complain "$said"
fi

# Every package has what it says it has; what is made by the build is not here yet.
for list in "$debian"/*.{install,docs,links}; do
    while read -r file _; do
        case $file in '' | '#'* | usr/* | debian/*) continue ;; esac
        compgen -G "$file" >/dev/null || complain "$list: $file is not there"
    done <"$list"
done
for list in "$debian"/*.manpages; do
    while read -r page; do
        [ -f "packaging/man/${page#debian/man/}.scd" ] || complain "$list: packaging/man/${page#debian/man/}.scd is not there"
    done <"$list"
done
for page in packaging/man/*.scd; do
    name=${page##*/}
    grep -qx "debian/man/${name%.scd}" "$debian"/*.manpages || complain "$page: is in no package"
done
for unit in packaging/systemd/*; do
    grep -q "^$unit lib/systemd/system$" "$debian"/*.install || complain "$unit: is in no package"
    while read -r page; do
        [ -f "packaging/man/${page%(*}.${page: -2:1}.scd" ] ||
            complain "$unit: there is no page $page"
    done < <(sed -n 's/^Documentation=//p' "$unit" | tr ' ' '\n' | sed -n 's/^man://p')
done
while read -r package; do
    [ -f "$debian/$package.install" ] || complain "$debian/control: $package has nothing in it"
done < <(sed -n 's/^Package: //p' "$debian/control")
finish
