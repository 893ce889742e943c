// SPDX-License-Identifier: Apache-2.0
// mesh::Storage in the state directory: files of ours alone (0600), replaced by rename, grown and
// synced in place. Control thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <weft/mesh/storage.hpp>

namespace weft::control {

class StateStorage final : public mesh::Storage {
  public:
    explicit StateStorage(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// Errors: also a file that group or others may use, or that is a link: `chmod 600`.
    [[nodiscard]] Result<std::optional<std::vector<std::byte>>> read(std::string_view name,
                                                                     std::size_t size_max) override;
    [[nodiscard]] Result<> replace(std::string_view name, ConstBytes content) override;
    [[nodiscard]] Result<> append(std::string_view name,
                                  std::size_t size,
                                  ConstBytes more) override;
    [[nodiscard]] Result<> remove(std::string_view name) override;

    /// What could not be written the last time, by file; gone once it could.
    [[nodiscard]] const std::map<std::string, Error>& failures() const { return failures_; }
    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  private:
    Result<> note(std::string_view name, Result<> written);

    std::filesystem::path directory_;
    std::map<std::string, Error> failures_;
};

}  // namespace weft::control
