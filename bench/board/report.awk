# SPDX-License-Identifier: Apache-2.0
# What run.sh measured, as -v want=json|markdown|svg|paragraph; JSON as ../README.md says. Plain POSIX awk.
# Lines, separated by tabs:
#   s CASE SUBJECT UNIT BETTER SAMPLE    a figure of one repeat
#   f CASE SUBJECT UNIT BETTER REASON    none in this repeat
#   x CASE SUBJECT REASON                a subject that is not here
#   v SUBJECT VERSION ISA    h KEY VALUE (of the machine)
BEGIN { FS = "\t" }

function meet(name, subject) {
    if (!((name, subject) in met)) {
        met[name, subject] = ++cases
        case_name[cases] = name
        case_subject[cases] = subject
    }
    return met[name, subject]
}
$1 == "s" { i = meet($2, $3); unit[i] = $4; better[i] = $5; sample[i, ++count[i]] = $6 + 0 }
$1 == "f" { i = meet($2, $3); unit[i] = $4; better[i] = $5; reason[i] = $6 }
$1 == "x" { i = meet($2, $3); skipped[i] = 1; reason[i] = $4 }
$1 == "v" { version[$2] = $3; isa[$2] = $4 }
$1 == "h" { host[$2] = $3 }
END {
    for (i = 1; i <= cases; i++) median[i] = spread(i)
    if (want == "json") json()
    else if (want == "markdown") markdown()
    else if (want == "svg") svg()
    else paragraph()
}

# ---- figures ---------------------------------------------------------------------------------
function middle(values, n) { return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2 }
function sort(values, n,    i, j, value) {
    for (i = 2; i <= n; i++) {
        value = values[i]
        for (j = i - 1; j >= 1 && values[j] > value; j--) values[j + 1] = values[j]
        values[j + 1] = value
    }
}
# The median of a case; leaves its lowest, highest and median absolute deviation.
function spread(i,    n, k, values, away, half) {
    n = count[i]
    if (!n) return ""
    for (k = 1; k <= n; k++) values[k] = sample[i, k]
    sort(values, n)
    lowest[i] = values[1]
    highest[i] = values[n]
    half = middle(values, n)
    for (k = 1; k <= n; k++) away[k] = values[k] < half ? half - values[k] : values[k] - half
    sort(away, n)
    mad[i] = middle(away, n)
    return half
}
# Three figures that count.
function digits(value) {
    if (value == 0) return "0"
    if (value >= 100) return sprintf("%.0f", value)
    if (value >= 10) return sprintf("%.1f", value)
    return sprintf(value >= 1 ? "%.2f" : "%.3f", value)
}
function status(i) { return skipped[i] ? "skipped" : (count[i] ? "ok" : "failed") }
function group_of(name) { return match(name, /.*\//) ? substr(name, 1, RLENGTH - 1) : "" }
function column_of(name) { sub(/.*\//, "", name); return name }
function has(i) { return count[i] > 0 }

# ---- JSON ------------------------------------------------------------------------------------
function text(value) {
    gsub(/\\/, "/", value)  # awks differ about how to write a backslash
    gsub(/"/, "\\\"", value)
    gsub(/[\001-\037]/, " ", value)
    return "\"" value "\""
}
function text_or_null(value) { return value == "" ? "null" : text(value) }
function number_or_null(value) { return value == "" ? "null" : sprintf("%.10g", value) }
function list(words,    n, parts, i, out) {
    n = split(words, parts, " ")
    for (i = 1; i <= n; i++) out = out (i > 1 ? ", " : "") text(parts[i])
    return "[" out "]"
}
function json(    i, k, samples) {
    print "{\n \"schema\": 1,"
    print " \"commit\": " text_or_null(host["commit"]) ",\n \"dirty\": " host["dirty"] ","
    print " \"date\": " text(host["date"]) ",\n \"suite\": \"board\","
    print " \"host\": {\"model\": " text_or_null(host["model"]) ", \"cpu\": " text(cpu()) ", \"cores\": " host["cores"] ","
    print "  \"isa\": " list(host["isa"]) ", \"kernel\": " text(host["kernel"]) ", \"machine\": " text(host["machine"]) ","
    print "  \"governor\": " text_or_null(host["governor"]) ", \"clocks\": " text_or_null(host["clocks"]) ","
    print "  \"memory_mib\": " host["memory_mib"] ", \"virtual\": " host["virtual"] ", \"emulated\": " host["emulated"] ","
    print "  \"temperature_before_c\": " number_or_null(host["temperature_before"]) ","
    print "  \"temperature_hottest_c\": " number_or_null(host["temperature_hottest"]) ","
    print "  \"throttling\": " text(host["throttling"]) "},"
    print " \"mode\": " text(host["mode"]) ",\n \"notes\": [" text(note()) "],\n \"cases\": ["
    for (i = 1; i <= cases; i++) {
        samples = ""
        for (k = 1; k <= count[i]; k++) samples = samples (k > 1 ? ", " : "") number_or_null(sample[i, k])
        print "  {\"name\": " text(case_name[i]) ", \"subject\": " text(case_subject[i]) \
            ", \"version\": " text_or_null(version[case_subject[i]]) ", \"isa\": " text_or_null(isa[case_subject[i]]) \
            ", \"unit\": " text_or_null(unit[i]) ", \"better\": " text_or_null(better[i]) ", \"samples\": [" samples "]" \
            ", \"median\": " number_or_null(median[i]) ", \"mad\": " number_or_null(mad[i]) \
            ", \"status\": " text(status(i)) ", \"reason\": " text_or_null(reason[i]) "}" (i < cases ? "," : "")
    }
    print " ],\n \"ratios\": []\n}"
}
function cpu() { return host["cpu"] == "" ? host["machine"] : host["cpu"] }
function note() {
    return (host["mode"] == "peer" ? "Between two machines." : "Two namespaces: both ends share the cores of this machine.") \
        " openssl-speed is openssl(1) by itself, which sets neither a nonce nor reads a tag for each packet."
}

# ---- Markdown --------------------------------------------------------------------------------
function machine_line(    line) {
    line = cpu() (host["model"] == "" ? "" : " in " host["model"]) ", " host["cores"] " cores"
    line = line (host["virtual"] == "true" ? ", virtual machine" : "") (host["emulated"] == "true" ? ", emulated" : "")
    return line (host["clocks"] == "" ? "" : " (" host["clocks"] ")") "; Linux " host["kernel"]
}
function heat_line(    line) {
    if (host["temperature_hottest"] != "")
        line = digits(host["temperature_before"]) " C before, " digits(host["temperature_hottest"]) " C at most; "
    return line "throttling: " host["throttling"]
}
function cell(i) {
    if (!i || !has(i)) return "–"
    if (lowest[i] == highest[i]) return digits(median[i])
    return digits(median[i]) " (" digits(lowest[i]) "–" digits(highest[i]) ")"
}
function markdown(    i, group, done) {
    print "# board\n\n" machine_line() "; " heat_line() "; commit " \
        (host["commit"] == "" ? "unknown" : substr(host["commit"], 1, 12)) \
        (host["dirty"] == "true" ? " with changes" : "") "; " host["date"] "."
    print "Median (lowest–highest) of " host["repeats"] (host["repeats"] == 1 ? " repeat. " : " repeats. ") note() "\n"
    for (i = 1; i <= cases; i++) {
        group = group_of(case_name[i])
        if (has(i) && !(group in done)) { done[group] = 1; table(group) }
    }
    for (i = 1; i <= cases; i++)
        if (reason[i] != "") print "- " case_subject[i] ", " case_name[i] ": " status(i) ": " reason[i]
        else if (!(case_subject[i] in told) && (version[case_subject[i]] isa[case_subject[i]]) != "") {
            told[case_subject[i]] = 1
            print "- " case_subject[i] ": " version[case_subject[i]] \
                (isa[case_subject[i]] == "" ? "" : ", " isa[case_subject[i]])
        }
}
function table(group,    i, c, s, columns, column, subjects, subject, seen, head, rule, row) {
    columns = subjects = 0
    for (i = 1; i <= cases; i++) {
        if (!has(i) || group_of(case_name[i]) != group) continue
        if (!(("c", case_name[i]) in seen)) {
            seen["c", case_name[i]] = 1
            column[++columns] = case_name[i]
            head = head " " column_of(case_name[i]) " " unit[i] " |"
            rule = rule "---|"
        }
        if (!(("s", case_subject[i]) in seen)) { seen["s", case_subject[i]] = 1; subject[++subjects] = case_subject[i] }
    }
    if (group != "") print "## " group "\n"
    print "| |" head "\n|---|" rule
    for (s = 1; s <= subjects; s++) {
        row = "| " subject[s] " |"
        for (c = 1; c <= columns; c++) row = row " " cell(index_of(column[c], subject[s])) " |"
        print row
    }
    print ""
}
function index_of(name, subject) { return (name, subject) in met ? met[name, subject] : 0 }

# ---- SVG: a panel of bars for each case, in the shortest of three columns ------------------------
function escaped(value) { gsub(/&/, "\\&amp;", value); gsub(/</, "\\&lt;", value); return value }
function svg(    i, c, shortest, tall, body, done) {
    for (i = 1; i <= cases; i++) {
        if (!has(i) || case_name[i] in done) continue
        done[case_name[i]] = 1
        shortest = 0
        for (c = 1; c < 3; c++) if (bottom[c] + 0 < bottom[shortest] + 0) shortest = c
        body = body panel(case_name[i], shortest * 430 + 10, bottom[shortest] + 0)
        bottom[shortest] += panel_height
    }
    for (c = 0; c < 3; c++) if (bottom[c] > tall) tall = bottom[c]
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1300\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n", tall + 10
    printf "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n%s</svg>\n", body
}
function panel(name, x, y,    i, top, out, width, first) {
    for (i = 1; i <= cases; i++)
        if (case_name[i] == name && has(i)) { if (!first) first = i; if (highest[i] > top) top = highest[i] }
    y += 20
    out = sprintf("<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s, %s</text>\n", x, y, escaped(name), escaped(unit[first]))
    for (i = 1; i <= cases; i++) {
        if (case_name[i] != name || !has(i)) continue
        width = top > 0 ? 200 * median[i] / top : 0
        out = out sprintf("<text x=\"%d\" y=\"%d\">%s</text>", x, y + 16, escaped(case_subject[i]))
        out = out sprintf("<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"12\" fill=\"#5b8db8\"/>", x + 120, y + 6, width)
        out = out sprintf("<text x=\"%d\" y=\"%d\">%s</text>\n", x + 126 + width, y + 16, cell(i))
        y += 18
    }
    panel_height = 34 + 18 * subjects_of(name)
    return out
}
function subjects_of(name,    i, n) {
    for (i = 1; i <= cases; i++) n += case_name[i] == name && has(i)
    return n
}

# ---- the paragraph ---------------------------------------------------------------------------
function value(name, subject,    i) { i = index_of(name, subject); return i && has(i) ? digits(median[i]) : "" }
# "one TCP flow 1.02 Gbit/s (WireGuard in the kernel 0.9, no tunnel 4.1)"; nothing where weft has no figure.
function compared(what, name, after,    out, others, bare) {
    if (value(name, "weft") == "") return ""
    out = what " " value(name, "weft") after
    bare = host["mode"] == "peer" ? "plain" : "veth"
    if (value(name, "wireguard") != "") others = "WireGuard in the kernel " value(name, "wireguard")
    if (value(name, bare) != "") others = others (others == "" ? "" : ", ") "no tunnel " value(name, bare)
    return out (others == "" ? "" : " (" others ")")
}
function joined(a, b) { return a == "" || b == "" ? a b : a "; " b }
function sealing(    name, i, out) {
    name = "micro seal x32/1420"
    i = index_of(name, "weft-" isa["weft"])
    if (!i || !has(i)) return ""
    out = "sealing 1420 bytes takes " digits(median[i] / 1000) " us"
    i = index_of(name, "openssl")
    if (i && has(i)) out = out ", OpenSSL in " digits(median[i] / 1000)
    i = index_of(name, "libsodium")
    return out (i && has(i) ? ", libsodium in " digits(median[i] / 1000) : "")
}
function paragraph(    out) {
    out = joined(out, compared("one TCP flow", "tcp1", " Gbit/s"))
    out = joined(out, compared("four", "tcp4", " Gbit/s"))
    out = joined(out, compared("64-byte datagrams", "udp64", " thousand/s"))
    out = joined(out, compared("1300-byte", "udp1300", " thousand/s"))
    out = joined(out, compared("ping median", "ping_p50", " us"))
    out = joined(out, compared("99th percentile", "ping_p99", " us"))
    out = joined(out, sealing())
    print "weft " version["weft"] (isa["weft"] == "" ? "" : " with " isa["weft"]) " on " machine_line() ": " out ". " \
        (host["mode"] == "peer" ? "Between two machines" : "Both ends on this machine") ", medians of " host["repeats"] \
        (host["length"] == "full" ? "" : " (" host["length"] ")") ". " heat_line() ". Commit " \
        (host["commit"] == "" ? "unknown" : substr(host["commit"], 1, 12)) (host["dirty"] == "true" ? " with changes" : "") \
        ", " substr(host["date"], 1, 10) "."
}
