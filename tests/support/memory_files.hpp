// SPDX-License-Identifier: Apache-2.0
// A mesh::Storage's files in memory, and their reading; how they are written is for who inherits.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <weft/mesh/storage.hpp>

namespace weft::test {

class MemoryFiles : public mesh::Storage {
  public:
    using Content = std::vector<std::byte>;
    using Files = std::map<std::string, Content, std::less<>>;

    Result<std::optional<Content>> read(std::string_view name, std::size_t size_max) override {
        const auto found = files.find(name);
        if (found == files.end()) {
            return std::optional<Content>{};
        }
        if (found->second.size() > size_max) {
            return errno_error(EFBIG, std::string{name});
        }
        return std::optional{found->second};
    }

    Files files;
};

}  // namespace weft::test
