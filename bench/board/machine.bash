# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the machine is and how hot it runs; sourced by run.sh. What a kernel or firmware does not tell is
# left out or "unknown".

ISA_FLAGS="ssse3 sse4_1 avx avx2 vaes avx512f avx512vl avx512ifma neon asimd" # as in harness/record.py

first_line() { tr -d '\0' 2>/dev/null <"$1" | head -n 1 || true; }

# architecture_of PROGRAM: of its ELF header (e_machine at byte 18), and this machine's.
architecture_of() {
    case $(od -An -tu1 -j18 -N1 "$1" | tr -d ' ') in
    62) echo x86 ;;
    183 | 40) echo arm ;;
    *) echo other ;;
    esac
}
architecture_here() {
    case $(uname -m) in
    x86_64 | i?86) echo x86 ;;
    aarch64 | arm*) echo arm ;;
    *) echo other ;;
    esac
}

is_emulated() {
    [ -n "$EMULATOR" ] || [ "$(architecture_of "$WEFT_BUILD/weftd")" != "$(architecture_here)" ]
}

# Clocks of each group of cores that share one: "cores 0 1 2 3: 600-1500 MHz, ondemand".
clocks() {
    local policy text=''
    for policy in /sys/devices/system/cpu/cpufreq/policy*; do
        [ -r "$policy/cpuinfo_max_freq" ] || continue
        text+="${text:+; }cores $(first_line "$policy/affected_cpus"):"
        text+=" $(($(first_line "$policy/cpuinfo_min_freq") / 1000))-$(($(first_line "$policy/cpuinfo_max_freq") / 1000)) MHz,"
        text+=" $(first_line "$policy/scaling_governor")"
    done
    echo "$text"
}

# The hottest thermal zone in thousandths of a degree Celsius.
temperature() {
    { cat /sys/class/thermal/thermal_zone*/temp 2>/dev/null || true; } |
        awk '$1 > top { top = $1 } END { if (top) print top }'
}

# What slows the machine down now or did since it was started, in words; "none" or "unknown".
# Raspberry Pi's bits: https://www.raspberrypi.com/documentation/computers/os.html#get_throttled
throttling() {
    local bits='' known=no words=() device state
    if command -v vcgencmd >/dev/null && bits=$(vcgencmd get_throttled 2>/dev/null); then
        bits=${bits#throttled=}
    else
        bits=$(first_line /sys/devices/platform/soc/soc:firmware/get_throttled)
        [ -z "$bits" ] || bits=0x${bits#0x}
    fi
    if [[ $bits =~ ^0x[0-9a-fA-F]+$ ]]; then
        known=yes
        ((!(bits & 0x1))) || words+=("under-voltage")
        ((!(bits & 0x2))) || words+=("clock capped")
        ((!(bits & 0x4))) || words+=("throttled")
        ((!(bits & 0x8))) || words+=("soft temperature limit")
        ((!(bits & 0xf0000))) || words+=("some of these since it was started ($bits)")
    fi
    for device in /sys/class/thermal/cooling_device*; do
        [[ $(first_line "$device/type") == *cpufreq* ]] || continue
        known=yes state=$(first_line "$device/cur_state")
        [ "${state:-0}" = 0 ] || words+=("$(first_line "$device/type") at $state of $(first_line "$device/max_state")")
    done
    if [ ${#words[@]} -gt 0 ]; then
        printf '%s, ' "${words[@]}" | sed 's/, $/\n/'
    else
        case $known in yes) echo none ;; no) echo unknown ;; esac
    fi
}

# Keeps the highest temperature and the first throttling that was met.
hottest=0 throttled=''
watch_heat() {
    local now
    now=$(temperature)
    [ "${now:-0}" -le $hottest ] || hottest=$now
    now=$(throttling)
    case $throttled in '' | none | unknown) throttled=$now ;; esac
}

truth() { if "$@"; then echo true; else echo false; fi; }

# Lines "h <tab> KEY <tab> VALUE" for report.awk.
machine_facts() {
    local features flag isa='' model commit=''
    fact() { printf 'h\t%s\t%s\n' "$1" "$2"; }
    features=" $(sed -nE 's/^(flags|Features)[^:]*: //p' /proc/cpuinfo | head -n 1) "
    for flag in $ISA_FLAGS; do [[ $features != *" $flag "* ]] || isa+="${isa:+ }$flag"; done
    model=$(first_line /proc/device-tree/model)
    fact model "${model:-$(first_line /sys/class/dmi/id/product_name)}"
    fact cpu "$(lscpu 2>/dev/null | sed -n 's/^ *Model name: *//p' | sort -u | paste -sd+ | sed 's/+/ + /g')"
    fact machine "$(uname -m)"
    fact cores "$(getconf _NPROCESSORS_ONLN)"
    fact isa "$isa"
    fact kernel "$(uname -r)"
    fact governor "$(first_line /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor)"
    fact clocks "$(clocks)"
    fact memory_mib "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)"
    fact virtual "$(truth [ "${features/ hypervisor /}" != "$features" ])"
    fact emulated "$(truth is_emulated)"
    if [ -s "$WEFT_ROOT/commit" ]; then # a tarball: "COMMIT" or "COMMIT dirty"
        commit=$(first_line "$WEFT_ROOT/commit")
    elif commit=$(git -C "$WEFT_ROOT" rev-parse -q --verify HEAD 2>/dev/null); then
        [ -z "$(git -C "$WEFT_ROOT" status --porcelain --untracked-files=no)" ] || commit+=" dirty"
    fi
    fact commit "${commit% dirty}"
    fact dirty "$(truth [ "${commit% dirty}" != "$commit" ])"
    fact date "$(date -u +%FT%TZ)"
}
heat_facts() { # BEFORE (thousandths of a degree)
    local name value
    for name in before:"${1:-}" hottest:"$hottest"; do
        value=${name#*:}
        [ "${value:-0}" = 0 ] || printf 'h\ttemperature_%s\t%s\n' "${name%%:*}" "$(awk "BEGIN { print $value / 1000 }")"
    done
    printf 'h\tthrottling\t%s\n' "$throttled"
}
