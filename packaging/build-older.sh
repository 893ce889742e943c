#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: packaging/build-older.sh [REVISION]    (default: the newest tag before HEAD)
# Builds this architecture's Debian packages as they were at that revision, in a git worktree, build/older, and prints
# the directory they are in. Exit: 0, 1 failed, 2 usage, 77 no such tag or it has no packages.
set -euo pipefail
# shellcheck source=packaging/deps.sh
. "$(dirname "${BASH_SOURCE[0]}")/deps.sh"
TREE=$WEFT_ROOT/build/older

usage() { sed -n '3,5s/^# //p' "${BASH_SOURCE[0]}"; }
repository() { as_owner git -C "$WEFT_ROOT" "$@"; }

revision=${1:-}
case $revision in
-h | --help) usage && exit 0 ;;
-*) usage >&2 && exit 2 ;;
'')
    repository rev-parse -q HEAD >/dev/null 2>&1 || cannot "this is no git repository: which version is older?"
    revision=$(repository tag --merged HEAD --no-contains HEAD --sort=-creatordate | sed -n 1p)
    [ -n "$revision" ] || cannot "no tag before this commit"
    ;;
esac
repository cat-file -e "$revision:packaging/build-deb.sh" 2>/dev/null || cannot "$revision makes no packages"

repository worktree prune
as_owner mkdir -p "$WEFT_ROOT/build"
[ -e "$TREE/.git" ] || repository worktree add -q --detach "$TREE" "$revision"
as_owner git -C "$TREE" checkout -q --detach "$revision"
"$TREE/packaging/build-deb.sh" "$(dpkg --print-architecture)" --no-install >&2
echo "$TREE/build/deb"
