// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
// Counts the instructions that a program executes under qemu-user: a plugin of its code generator.
// No package of Debian 12 ships qemu-plugin.h; what is used of it (API version 1, as in QEMU 7.2's
// include/qemu/qemu-plugin.h) is declared here.
//
//   cc -O2 -shared -fPIC insn_count.c -o insn_count.so
//   qemu-aarch64 -plugin insn_count.so,count=FILE[,blocks=FILE] PROGRAM
//
// count=FILE   8 bytes of shared memory, kept current: the emulated program may map the file too
//              and read it where it would read a cycle counter (micro/harness.cpp does).
// blocks=FILE  at the end a line for each block of at least 1/1000 of what was executed:
//              address <tab> executions <tab> instructions <tab> bytes in hex <tab> symbol
//
// A block is counted when it is entered. The bytes of its last instruction may go on for a
// half-word: at a page's end the translator looks whether the next one crosses it. One thread only:
// of several, counts are lost.
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*on_translated)(plugin_id, struct qemu_plugin_tb*);
typedef void (*on_end)(plugin_id, void*);
enum inline_op { INLINE_ADD_U64 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, on_translated);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb*,
                                              enum inline_op,
                                              void*,
                                              uint64_t);
void qemu_plugin_register_atexit_cb(plugin_id, on_end, void*);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb*);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb*);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb*, size_t);
const void* qemu_plugin_insn_data(const struct qemu_plugin_insn*);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn*);
const char* qemu_plugin_insn_symbol(const struct qemu_plugin_insn*);

EXPORT int qemu_plugin_version = 1;

// The same code may be translated several times: the reader adds up equal lines.
struct block {
    struct block* next;
    const char* symbol;
    uint64_t address;
    uint64_t executions;
    size_t instructions;
    size_t size;
    unsigned char bytes[];
};

enum { MAX_INSTRUCTION = 8 };  // bytes: 4 and what the translator looked at behind it

static uint64_t* total;
static struct block* blocks;  // only ever added to
static const char* blocks_path;

static struct block* add_block(struct qemu_plugin_tb* tb) {
    const size_t count = qemu_plugin_tb_n_insns(tb);
    struct block* block = calloc(1, sizeof *block + count * MAX_INSTRUCTION);
    if (block == NULL) {
        abort();
    }
    const char* symbol = qemu_plugin_insn_symbol(qemu_plugin_tb_get_insn(tb, 0));
    block->symbol = symbol != NULL ? symbol : "";
    block->address = qemu_plugin_tb_vaddr(tb);
    block->instructions = count;
    for (size_t i = 0; i < count; ++i) {
        const struct qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        const size_t size = qemu_plugin_insn_size(insn);
        if (size > MAX_INSTRUCTION) {
            abort();
        }
        memcpy(block->bytes + block->size, qemu_plugin_insn_data(insn), size);
        block->size += size;
    }
    block->next = blocks;
    blocks = block;
    return block;
}

static void translated(plugin_id id, struct qemu_plugin_tb* tb) {
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, total, qemu_plugin_tb_n_insns(tb));
    if (blocks_path != NULL) {
        qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &add_block(tb)->executions, 1);
    }
}

static void write_blocks(plugin_id id, void* unused) {
    (void)id;
    (void)unused;
    FILE* file = fopen(blocks_path, "w");
    if (file == NULL) {
        perror(blocks_path);
        return;
    }
    for (const struct block* block = blocks; block != NULL; block = block->next) {
        if (block->executions * block->instructions < *total / 1000) {
            continue;
        }
        fprintf(file,
                "%" PRIx64 "\t%" PRIu64 "\t%zu\t",
                block->address,
                block->executions,
                block->instructions);
        for (size_t i = 0; i < block->size; ++i) {
            fprintf(file, "%02x", block->bytes[i]);
        }
        fprintf(file, "\t%s\n", block->symbol);
    }
    fclose(file);
}

static uint64_t* map_counter(const char* path) {
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(uint64_t)) != 0) {
        return NULL;
    }
    void* memory = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return memory != MAP_FAILED ? memory : NULL;
}

EXPORT int qemu_plugin_install(plugin_id id, const void* info, int argc, char** argv) {
    (void)info;
    for (int i = 0; i < argc; ++i) {
        if (strncmp(argv[i], "count=", 6) == 0) {
            total = map_counter(argv[i] + 6);
        } else if (strncmp(argv[i], "blocks=", 7) == 0) {
            blocks_path = argv[i] + 7;
        }
    }
    if (total == NULL) {
        fprintf(stderr, "insn_count: count=FILE: a file that can be written\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    if (blocks_path != NULL) {
        qemu_plugin_register_atexit_cb(id, write_blocks, NULL);
    }
    return 0;
}
