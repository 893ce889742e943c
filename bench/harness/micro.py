# SPDX-License-Identifier: Apache-2.0
"""Suite micro: one program a library, interleaved; time per packet in TSC cycles (ns without a TSC)."""
import os
import subprocess

from lab import LabError
from record import LESS, host, say

# What OpenSSL may use: the CPU's word for it (OPENSSL_ia32cap(3)) masks AVX-512 (F, DQ, IFMA, BW, VL),
# and with it AVX2, in leaf 7's ebx; and AVX in leaf 1's ecx.
AVX512_BITS = 1 << 16 | 1 << 17 | 1 << 21 | 1 << 30 | 1 << 31
AVX2_BIT = 1 << 5
AVX_BIT = 1 << (32 + 28)
OPENSSL_LIMITS = {
    "avx2": f"~0:~{AVX512_BITS:#x}",
    "sse": f"~{AVX_BIT:#x}:~{AVX512_BITS | AVX2_BIT:#x}",
}
MILLISECONDS = {"full": 50, "quick": 20, "smoke": 2}


def programs(build, host_isa):
    """(library, words, environment) of every program there is."""
    found = []
    for library in ("weft", "libsodium", "openssl", "aws-lc", "ipsec-mb"):
        path = os.path.join(build, "bench", f"weft-bench-aead-{library}")
        found.append((library, [path], {}))
        if library == "openssl" and "avx2" in host_isa:
            found += [(library, [path, "--isa", isa], {"OPENSSL_ia32cap": mask})
                      for isa, mask in OPENSSL_LIMITS.items()]
    return found


def subject_of(library, isa):
    """weft's subjects carry their table's name; a rival's best is its plain name."""
    if library == "weft":
        return f"weft-{isa}"
    return library if isa in ("auto", "best") else f"{library}-{isa}"


def measure(record, words, environment, options):
    done = subprocess.run(
        words + ["--milliseconds", str(MILLISECONDS[options.length])], capture_output=True, text=True,
        check=False, env={**os.environ, **environment})
    if done.returncode != 0:
        raise LabError(f"{os.path.basename(words[0])}: {done.stderr.strip()}")
    best = None
    for line in done.stdout.splitlines():
        library, isa, version, operation, size, batch, nanoseconds, cycles = line.split("\t")
        best = best or isa  # tables are printed best first
        subject = subject_of(library, "best" if library == "ipsec-mb" and isa == best else isa)
        if library == "weft" and isa == best:
            record.aliases["weft-best"] = subject
        has_tsc = float(cycles) > 0
        record.describe(subject, version, isa)
        record.add(f"{operation} x{batch}/{size}", subject, float(cycles if has_tsc else nanoseconds),
                   "cycles (TSC)" if has_tsc else "ns", LESS)


def run(record, options):
    chosen = options.only.split(",") if options.only else None
    present = []
    for library, words, environment in programs(options.build, host()["isa"]):
        if chosen and library not in chosen:
            continue
        if os.access(words[0], os.X_OK):
            present.append((library, words, environment))
        else:
            record.skip("start", library, "not built: what it needs is not here")
    for repeat in range(options.repeats):
        for library, words, environment in present:
            say(f"[{repeat + 1}/{options.repeats}] {' '.join([library] + words[1:])}")
            measure(record, words, environment, options)
    record.notes.append("Cycles are of the time stamp counter, not of the core, whose clock may differ.")
