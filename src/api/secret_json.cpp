// SPDX-License-Identifier: Apache-2.0
// See secret_json.hpp.
#include "secret_json.hpp"

#include <array>
#include <cstring>
#include <new>

namespace weft::api {
namespace {

class WipedMemory final : public boost::json::memory_resource {
  private:
    void* do_allocate(std::size_t size, std::size_t alignment) override {
        return ::operator new (size, std::align_val_t{alignment});
    }
    void do_deallocate(void* block, std::size_t size, std::size_t alignment) override {
        explicit_bzero(block, size);
        ::operator delete (block, std::align_val_t{alignment});
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
