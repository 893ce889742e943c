#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Other people's rules on a node that drop what is weft's: they are named, and with firewall.open_others opened.

load helpers

setup_file() {
    lab_up 2 WEFT_LAB_NETWORK=yes
    printf '\n[firewall]\n' >>"$(root_of a)/etc/weft/weft.toml"
}
teardown_file() { lab_down; }

root_of() { echo "/proc/$(cut -d' ' -f1 "$WEFT_LAB_DIR/$1/holder.pid")/root"; }
answers() { inside "$1" ping -q -c 1 -W 1 "$2" >/dev/null; }

# foreign NAME: somebody else's rules in node a, from stdin; check names them, its remedies help.
foreign() {
    local remedy found=$BATS_TEST_TMPDIR/found checks=$BATS_TEST_TMPDIR/checks
    inside a nft -f -
    fails inside a weft check --json >"$checks" || return 1
    jq -r '.checks[] | select(.name == "other_firewalls" and .state != "ok") | .detail' "$checks" >"$found"
    cat "$found"
    grep -qF "$1" "$found" || return 1
    fails inside b1 ping -q -c 1 -W 0.5 10.44.0.10
    while read -r remedy; do
        inside a sh -c "$remedy" || return 1
    done < <(jq -r '.checks[] | select(.name == "other_firewalls" and .state != "ok") | .remedy' "$checks")
    inside a weft check --json >"$checks" || true # others' rules are well, whatever else there is
    jq -e '.checks[] | select(.name == "other_firewalls") | .state == "ok"' "$checks" || return 1
    inside b1 ping -q -c 1 -W 2 10.44.0.10 || return 1
    inside a nft flush ruleset
}
@test "other firewalls that drop are named with their rule, and the remedy is enough: docker, ufw, firewalld, policies" {
    foreign "ip filter FORWARD" <<'NFT'
table ip filter {
    chain DOCKER-USER { counter return; }
    chain DOCKER-FORWARD { iifname "docker0" counter accept; }
    chain FORWARD { type filter hook forward priority filter; policy drop;
        counter jump DOCKER-USER
        ct state related,established accept
        counter jump DOCKER-FORWARD
    }
}
NFT
    foreign "ip filter ufw-reject-forward" <<'NFT'
table ip filter {
    chain ufw-before-forward { ct state related,established counter accept
        icmp type echo-request accept
        ct state invalid drop
    }
    chain ufw-reject-forward { counter reject; }
    chain FORWARD { type filter hook forward priority filter; policy drop;
        ip protocol icmp counter drop
        counter jump ufw-before-forward
        counter jump ufw-reject-forward
    }
}
NFT
    foreign "inet firewalld filter_FORWARD" <<'NFT'
table inet firewalld {
    chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept;
        ct state { established, related } accept
        ct status dnat accept
        iifname "lo" accept
        ct state { invalid } drop
        reject with icmpx type admin-prohibited
    }
}
NFT
    foreign "inet theirs input" <<'NFT'
table inet theirs {
    chain input { type filter hook input priority 0; policy drop;
        ct state established,related accept
        tcp dport 22 accept
        ip6 nexthdr icmpv6 accept
    }
    chain forward { type filter hook forward priority 0; policy drop;
    }
}
NFT
    answers a1 10.44.1.10
}

theirs() { # their rules in node a, but for ours in them
    inside a nft -s list table inet theirs | grep -v 'weft: firewall.open_others'
}
load_theirs() {
    inside a nft -f - <<'NFT'
table inet theirs
delete table inet theirs
table inet theirs {
    chain input { type filter hook input priority 0; policy drop;
        ct state established,related accept
        ip6 nexthdr icmpv6 accept
    }
    chain forward { type filter hook forward priority 0; policy drop;
    }
}
NFT
}
opened() { [ "$(inside a nft list table inet theirs | grep -c 'weft: firewall.open_others')" = "$1" ]; }
@test "with open_others weft's rules are first in others' chains, again when they load theirs anew, and go with weft" {
    local file before
    file=$(root_of a)/etc/weft/weft.toml
    load_theirs
    before=$(theirs)
    fails answers b1 10.44.0.10
    sed -i 's/^\[firewall\]/&\nopen_others = true/' "$file"
    inside a weft reload
    opened 3
    [ "$(theirs)" = "$before" ]
    answers b1 10.44.0.10
    load_theirs
    eventually 2 opened 3
    answers b1 10.44.0.10
    inside a weft check --json | jq -e '.checks[] | select(.name == "other_firewalls") | .state == "ok"'
    [ "$(theirs)" = "$before" ]
    kill -KILL "$("$LAB" pid a)"
    opened 3
    sed -i '/^open_others/d' "$file"
    "$LAB" peer a weft
    opened 0
    sed -i 's/^\[firewall\]/&\nopen_others = true/' "$file"
    inside a weft reload
    opened 3
    "$LAB" stop a
    opened 0
    [ "$(theirs)" = "$before" ]
}
