// SPDX-License-Identifier: Apache-2.0
// A mesh::Storage in memory that counts what is written, and can fail or die at any write.
#pragma once

#include <functional>
#include <map>
#include <string>

#include <weft/mesh/storage.hpp>

namespace weft::test {

class MemoryStorage final : public mesh::Storage {
  public:
    using Content = std::vector<std::byte>;

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

    std::map<std::string, Content, std::less<>> files;
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
