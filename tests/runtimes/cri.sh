#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# cri.sh SOCKET METHOD REQUEST: one call of the Kubernetes CRI; request and answer are protobuf's text format
# (cri.proto). gRPC by hand: a message is a zero byte, its length in four, and its bytes.
set -euo pipefail
socket=$1 method=$2 request=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

printf '%s' "$request" | protoc -I"$here" --encode="runtime.v1.${method}Request" "$here/cri.proto" >"$work/message"
{
    printf '\0'
    # shellcheck disable=SC2059  # the length's bytes are escapes
    printf "$(printf '%08x' "$(stat -c %s "$work/message")" | sed 's/../\\x&/g')"
    cat "$work/message"
} >"$work/request"
curl -sS -m 60 --http2-prior-knowledge --unix-socket "$socket" -H 'content-type: application/grpc' -H 'te: trailers' \
    --data-binary @"$work/request" -D "$work/headers" -o "$work/answer" \
    "http://localhost/runtime.v1.RuntimeService/$method"
status=$(tr -d '\r' <"$work/headers" | awk -F': ' 'tolower($1) == "grpc-status" { print $2 }')
if [ "${status:-0}" != 0 ]; then
    tr -d '\r' <"$work/headers" | sed -n 's/^grpc-message: //Ip' >&2
    exit 1
fi
response=runtime.v1.${method}Response
grep -q "message ${method}Response" "$here/cri.proto" || response=runtime.v1.Empty
[ ! -s "$work/answer" ] || tail -c +6 "$work/answer" | protoc -I"$here" --decode="$response" "$here/cri.proto"
