// SPDX-License-Identifier: Apache-2.0
// A mesh::Storage as a machine has it: the power may go in the middle of any write, and what is
// found afterwards is what the contract allows: an old file or the new one, or any part of what was
// being appended. It can be full, and it can be put back to what it was.
#pragma once

#include <optional>
#include <string>

#include <weft/base/random.hpp>

#include "memory_files.hpp"

namespace weft::sim {

/// Thrown out of a write: nothing after it has happened.
struct PowerCut {};

class Disk final : public test::MemoryFiles {
  public:
    explicit Disk(RandomSource& dice) : dice_(dice) {}

    Result<> replace(std::string_view name, ConstBytes content) override {
        const bool cut = is_last();
        if (full && !cut) {
            return errno_error(ENOSPC, std::string{name});
        }
        if (!cut || dice_.below(2) == 0) {
            files.insert_or_assign(std::string{name}, Content{content.begin(), content.end()});
        }
        return end(cut);
    }
    Result<> append(std::string_view name, std::size_t size, ConstBytes more) override {
        const bool cut = is_last();
        if (cut && dice_.below(8) == 0) {
            throw PowerCut{};  // not even cut to size
        }
        const bool whole = !cut && !full;
        const std::size_t part = whole ? more.size() : dice_.below(more.size() + 1);
        Content& file = files[std::string{name}];
        file.resize(size);
        file.insert(file.end(), more.begin(), more.begin() + static_cast<std::ptrdiff_t>(part));
        if (cut && dice_.below(3) == 0) {
            file.resize(size + more.size());  // its length was written, and not all of it
        }
        return full && !cut ? errno_error(ENOSPC, std::string{name}) : end(cut);
    }
    Result<> remove(std::string_view name) override {
        const bool cut = is_last();
        const auto found = files.find(name);
        if (found != files.end() && (!cut || dice_.below(2) == 0)) {
            files.erase(found);
        }
        return end(cut);
    }

    std::optional<std::uint64_t> writes_left;  ///< the power goes in the one after so many
    bool full = false;                         ///< nothing can be written, only removed

  private:
    bool is_last() {
        if (!writes_left) {
            return false;
        }
        if (*writes_left == 0) {
            writes_left.reset();
            return true;
        }
        --*writes_left;
        return false;
    }
    static Result<> end(bool cut) {
        if (cut) {
            throw PowerCut{};
        }
        return {};
    }

    RandomSource& dice_;
};

}  // namespace weft::sim
