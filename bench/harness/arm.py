# SPDX-License-Identifier: Apache-2.0
"""Suite arm: the AEAD on emulated ARM, by what does not depend on the machine below.

Instructions: qemu-user with a plugin of ours (../arm/insn_count.c) that keeps the number of executed
instructions in shared memory, where the AEAD programs read it in place of a cycle counter.
Cycles: the blocks of code that were executed most, as the plugin tells them, go through llvm-mc and
llvm-mca, which has a model of the core; weighted by their executions.
"""
import bisect
import dataclasses
import os
import re
import shutil
import subprocess
import tempfile

from lab import LabError
from record import LESS, host, say

LIBRARIES = ["weft", "openssl", "libsodium"]
SHARE = 0.01           # of all instructions: what a block must have to be looked at
LOOPS_TOLD = 3         # of each subject, in the notes
SIZE, BATCH = 1420, 32
MILLISECONDS = {"full": 1000, "quick": 300, "smoke": 50}  # of a figure while blocks are counted


@dataclasses.dataclass
class Architecture:
    name: str
    emulator: str
    cpu: str        # that qemu shows
    tools: str      # prefix of binutils
    model: str      # core of llvm-mca: llvm 14 has A57's for all of A57's class, A9's for A15
    triples: dict   # instruction set -> LLVM's name


ARCHITECTURES = [
    Architecture("arm64", "qemu-aarch64", "cortex-a72", "aarch64-linux-gnu-", "cortex-a57", {"a64": "aarch64"}),
    Architecture("armhf", "qemu-arm", "cortex-a15", "arm-linux-gnueabihf-", "cortex-a15",
                 {"a32": "armv7", "t32": "thumbv7"}),
]


@dataclasses.dataclass
class Block:
    address: int
    executions: int
    instructions: int
    code: bytes
    symbol: str
    cycles: float = 0.0  # of one execution, by llvm-mca

    @property
    def executed(self):
        return self.executions * self.instructions


class Bench:
    """One architecture's programs under the emulator."""

    def __init__(self, architecture, root, directory):
        self.architecture = architecture
        self.programs = os.path.join(root, "build", f"{architecture.name}-static", "bench")
        self.plugin = os.path.join(root, "build", "bench", "insn_count.so")
        self.counter = os.path.join(directory, "counter")
        self.blocks_file = os.path.join(directory, "blocks")
        with open(self.counter, "wb") as file:
            file.write(bytes(8))

    def run(self, library, *words, blocks=False):
        """Lines of fields as harness.hpp says them."""
        plugin = f"{self.plugin},count={self.counter}" + (f",blocks={self.blocks_file}" if blocks else "")
        program = os.path.join(self.programs, f"weft-bench-aead-{library}")
        done = subprocess.run(
            [self.architecture.emulator, "-cpu", self.architecture.cpu, "-plugin", plugin, program, *words],
            capture_output=True, text=True, check=False, env={**os.environ, "WEFT_BENCH_COUNTER": self.counter})
        if done.returncode != 0:
            raise LabError(f"{self.architecture.name}: {library}: {done.stderr.strip()}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def read_blocks(self, instruction_set):
        """What was executed most, translations of the same code added up, neighbours joined that are
        always executed together: the emulator cuts long blocks and such at a page's end."""
        found = {}
        with open(self.blocks_file, encoding="ascii") as file:
            for line in file:
                address, executions, instructions, code, symbol = line.rstrip("\n").split("\t")
                at, instructions = int(address, 16), int(instructions)
                code = whole_instructions(bytes.fromhex(code), instructions, instruction_set(at))
                found.setdefault((at, code), Block(at, 0, instructions, code, symbol)).executions += int(executions)
        joined = []
        for block in sorted(found.values(), key=lambda b: b.address):
            last = joined[-1] if joined else None
            if last and last.address + len(last.code) == block.address and last.executions == block.executions:
                last.instructions += block.instructions
                last.code += block.code
            else:
                joined.append(block)
        return joined

    def instruction_set(self, library):
        """address -> a32 or t32, by the mapping symbols of the program (ELF for the Arm Architecture)."""
        if "a64" in self.architecture.triples:
            return lambda address: "a64"
        program = os.path.join(self.programs, f"weft-bench-aead-{library}")
        done = subprocess.run([self.architecture.tools + "nm", "--special-syms", "-n", program],
                              capture_output=True, text=True, check=True)
        marks = re.findall(r"^([0-9a-f]+) \w \$([at])(?:\.\S*)?$", done.stdout, re.M)
        addresses = [int(address, 16) for address, _ in marks]

        def at(address):
            return {"a": "a32", "t": "t32"}[marks[bisect.bisect_right(addresses, address) - 1][1]]
        return at


def whole_instructions(code, count, instruction_set):
    """Without what the plugin may tell behind the last one. T32's are 2 or 4 bytes (ARM ARM, A6.1)."""
    if instruction_set != "t32":
        return code[:4 * count]
    end = 0
    for _ in range(count):
        end += 4 if code[end + 1] >= 0xe8 else 2
    return code[:end]


def subject_of(library, isa):
    return f"weft-{isa}" if library == "weft" else library


# ---- executed instructions ---------------------------------------------------------------------
def count(record, bench):
    """What it takes per packet; also what there is: (library, isa)."""
    found = []
    for library in LIBRARIES:
        say(f"{bench.architecture.name}: instructions of {library}")
        for name, isa, version, operation, size, batch, _, instructions in bench.run(library, "--milliseconds", "1"):
            subject = subject_of(name, isa)
            record.describe(subject, version, isa)
            record.add(f"{bench.architecture.name} {operation} x{batch}/{size}", subject, float(instructions),
                       "instructions", LESS)
            if (library, isa) not in found:
                found.append((library, isa))
    return found


# ---- cycles ------------------------------------------------------------------------------------
def llvm(tool, words, text):
    """Its output; None if it did not know everything."""
    done = subprocess.run([tool, "--mattr=+neon", *words], input=text, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 and not re.search("invalid|error:", done.stderr) else None


def cycles_of(code, triple, model):
    """Of one pass over the block if it is repeated; None for what the model does not know."""
    listing = llvm("llvm-mc", ["--disassemble", f"--triple={triple}", f"--mcpu={model}"],
                   " ".join(f"0x{byte:02x}" for byte in code))
    report = listing and llvm("llvm-mca", [f"--mtriple={triple}", f"--mcpu={model}", "--iterations=100"], listing)
    found = report and re.search(r"^Total Cycles:\s+(\d+)$", report, re.M)
    return int(found.group(1)) / 100 if found else None


def model(record, bench, library, isa, length):
    """Cycles per packet of sealing and opening, from the hot blocks' share of the instructions."""
    architecture = bench.architecture
    words = ["--sizes", str(SIZE), "--batches", str(BATCH), "--milliseconds", str(MILLISECONDS[length])]
    lines = bench.run(library, *words, *(["--isa", isa] if library == "weft" else []), blocks=True)
    per_packet = sum(float(fields[7]) for fields in lines) / len(lines)  # one seal, one open
    instruction_set = bench.instruction_set(library)
    blocks = bench.read_blocks(instruction_set)
    everything = sum(block.executed for block in blocks)
    known = []
    for block in blocks:
        if block.executed < everything * SHARE:
            continue
        cycles = cycles_of(block.code, architecture.triples[instruction_set(block.address)], architecture.model)
        if cycles is not None:
            block.cycles = cycles
            known.append(block)
    if not known:
        raise LabError(f"{architecture.name}: llvm-mca knows no block of {library}")
    executed = sum(block.executed for block in known)
    per_instruction = sum(block.executions * block.cycles for block in known) / executed
    name = f"{architecture.name} cycles on {architecture.model} x{BATCH}"
    subject = subject_of(library, isa)
    record.add(f"{name}/{SIZE}", subject, per_instruction * per_packet, "cycles", LESS)
    record.add(f"{name}/byte", subject, per_instruction * per_packet / SIZE, "cycles", LESS)
    for block in sorted(known, key=lambda b: b.executions * b.cycles, reverse=True)[:LOOPS_TOLD]:
        record.notes.append(
            f"{architecture.name} {subject}: {block.executed / everything:.0%} of the instructions in a block of "
            f"{block.instructions} at {block.address:#x} in `{symbol_text(block.symbol)}`: {block.cycles:.1f} cycles")
    return executed / everything


def symbol_text(symbol):
    """Readable and short."""
    plain = subprocess.run(["c++filt", "-p", symbol], capture_output=True, text=True, check=True).stdout.strip()
    return re.sub(r"<.*>|\(anonymous namespace\)::|weft::crypto::", "", plain) or "?"


def run(record, options):
    for tool in ["llvm-mc", "llvm-mca", "c++filt"] + [a.emulator for a in ARCHITECTURES]:
        if not shutil.which(tool):
            raise LabError(f"no {tool}; apt-get install qemu-user llvm binutils")
    record.host = {**host(), "emulated": True}
    for architecture in ARCHITECTURES:
        with tempfile.TemporaryDirectory() as directory:
            bench = Bench(architecture, record.root, directory)
            shares = {}
            for library, isa in count(record, bench):
                say(f"{architecture.name}: cycles of {subject_of(library, isa)}")
                shares[subject_of(library, isa)] = model(record, bench, library, isa, options.length)
            record.notes.append(
                f"{architecture.name}: {architecture.emulator} -cpu {architecture.cpu}; cycles: llvm-mca's "
                f"{architecture.model}, from blocks of this share of the instructions: "
                + ", ".join(f"{subject} {share:.0%}" for subject, share in shares.items()))
