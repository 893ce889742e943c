// SPDX-License-Identifier: Apache-2.0
// See allocated.hpp. Blocks as large as malloc made them, not as they were asked for. One thread
// allocates at a time here.
#include "allocated.hpp"

#include <cstdlib>
#include <new>

#include <malloc.h>

namespace weft::sim {
namespace {

std::size_t allocated = 0;

void* allocate(std::size_t size) {
    void* const block = std::malloc(size == 0 ? 1 : size);
    if (block == nullptr) {
        throw std::bad_alloc{};
    }
    allocated += malloc_usable_size(block);
    return block;
}

void release(void* block) {
    allocated -= malloc_usable_size(block);
    std::free(block);
}

}  // namespace

std::size_t allocated_bytes() {
    return allocated;
}

}  // namespace weft::sim

// What is over-aligned keeps the library's own operators, which these do not meet.
void* operator new(std::size_t size) {
    return weft::sim::allocate(size);
}
void* operator new[](std::size_t size) {
    return weft::sim::allocate(size);
}
void operator delete(void* block) noexcept {
    weft::sim::release(block);
}
void operator delete[](void* block) noexcept {
    weft::sim::release(block);
}
void operator delete(void* block, std::size_t) noexcept {
    weft::sim::release(block);
}
void operator delete[](void* block, std::size_t) noexcept {
    weft::sim::release(block);
}
