// SPDX-License-Identifier: Apache-2.0
// Where a node keeps what it must not forget: named files, each replaced as a whole or grown at its
// end. The daemon's are in its state directory (control/state_storage); a simulation's live in
// memory and lose what was not synced. One owner, one thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <weft/base/bytes.hpp>
#include <weft/base/result.hpp>

namespace weft::mesh {

class Storage {
  public:
    Storage() = default;
    Storage(const Storage&) = delete;
    Storage& operator=(const Storage&) = delete;
    virtual ~Storage() = default;

    /// nullopt: there is no such file. Errors: unreadable, others may read it, longer than
    /// `size_max`.
    [[nodiscard]] virtual Result<std::optional<std::vector<std::byte>>> read(
        std::string_view name, std::size_t size_max) = 0;
    /// Durable when it returns: after a power cut there is the old content or the new one.
    [[nodiscard]] virtual Result<> replace(std::string_view name, ConstBytes content) = 0;
    /// Cuts the file to `size`, appends, and returns when that is on the disk. A crash in between
    /// may leave any part of `more`.
    [[nodiscard]] virtual Result<> append(std::string_view name,
                                          std::size_t size,
                                          ConstBytes more) = 0;
    /// No error where there is no such file.
    [[nodiscard]] virtual Result<> remove(std::string_view name) = 0;
};

}  // namespace weft::mesh
