// SPDX-License-Identifier: Apache-2.0
// A mesh::Storage in memory that counts what is written, and can fail or die at any write.
#pragma once

#include <string>

#include "memory_files.hpp"

namespace weft::test {

class MemoryStorage final : public MemoryFiles {
  public:
    Result<> replace(std::string_view name, ConstBytes content) override {
        if (Result<> allowed = write_allowed(name); !allowed) {
            return allowed;
        }
        files.insert_or_assign(std::string{name}, Content{content.begin(), content.end()});
        return {};
    }
    Result<> append(std::string_view name, std::size_t size, ConstBytes more) override {
        if (Result<> allowed = write_allowed(name); !allowed) {
            return allowed;
        }
        Content& file = files[std::string{name}];
        file.resize(size);
        file.insert(file.end(), more.begin(), more.end());
        return {};
    }
    Result<> remove(std::string_view name) override {
        if (Result<> allowed = write_allowed(name); !allowed) {
            return allowed;
        }
        if (const auto found = files.find(name); found != files.end()) {
            files.erase(found);
        }
        return {};
    }

    std::size_t writes = 0;                    // so far
    std::size_t writes_max = ~std::size_t{0};  // those after it fail and change nothing

  private:
    Result<> write_allowed(std::string_view name) {
        if (writes >= writes_max) {
            return errno_error(EIO, std::string{name});
        }
        ++writes;
        return {};
    }
};

}  // namespace weft::test
