// SPDX-License-Identifier: Apache-2.0
// See secret_json.hpp.
#include "secret_json.hpp"

#include <array>
#include <cstring>
#include <new>

#include <weft/base/assert.hpp>

namespace weft::api {
namespace {

class WipedMemory final : public boost::json::memory_resource {
  private:
    // Without the alignment: Boost.JSON gives a key back with another one than it asked with, and
    // none is above what every allocation has.
    void* do_allocate(std::size_t size, std::size_t alignment) override {
        WEFT_ASSERT(alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
        return ::operator new(size);
    }
    void do_deallocate(void* block, std::size_t size, std::size_t /*alignment*/) override {
        explicit_bzero(block, size);
        ::operator delete(block);
    }
    [[nodiscard]] bool do_is_equal(
        const boost::json::memory_resource& other) const noexcept override {
        return this == &other;
    }
};

}  // namespace

boost::json::storage_ptr wiped_storage() {
    return boost::json::make_shared_resource<WipedMemory>();
}

std::string serialize_secret(const boost::json::object& document) {
    boost::json::serializer serializer;
    std::array<char, 1024> piece{};
    serializer.reset(&document);
    std::size_t size = 0;
    while (!serializer.done()) {
        size += serializer.read(piece.data(), piece.size()).size();
    }
    std::string text;
    text.reserve(size);
    serializer.reset(&document);
    while (!serializer.done()) {
        text += serializer.read(piece.data(), piece.size());
    }
    explicit_bzero(piece.data(), piece.size());
    return text;
}

}  // namespace weft::api
