// SPDX-License-Identifier: Apache-2.0
// The ledger's files: `journal`, `lock` and, while a snapshot is made, `journal.new`, in a
// directory that is root's alone to write (root:weft 0750). No link is followed in it. One process
// at a time changes it; readers need no lock, for a journal only grows or is replaced whole.
#pragma once

#include <chrono>
#include <filesystem>
#include <span>

#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/ipam/ledger.hpp>

namespace weft::ipam {

inline constexpr const char* kJournalName = "journal";
inline constexpr const char* kLockName = "lock";

class Store {
  public:
    /// Makes the directory if it is missing, waits for the lock and reads the ledger. Errors:
    /// EBADMSG (unreadable), EPERM (somebody else could write it), ETIMEDOUT (the lock), errno's.
    [[nodiscard]] static Result<Store> open(const std::filesystem::path& directory,
                                            std::chrono::milliseconds patience);

    [[nodiscard]] const Ledger& ledger() const { return ledger_; }

    /// Writes the events and syncs them, then applies them. After an error none of them counts,
    /// here or on the disk.
    Result<> commit(std::span<const Event> events, UnixMs now);

  private:
    Store(std::filesystem::path directory, UniqueFd at, UniqueFd lock)
        : directory_(std::move(directory)), at_(std::move(at)), lock_(std::move(lock)) {}
    Result<> load();
    Result<> append(ConstBytes records);
    void compact(UnixMs now);

    std::filesystem::path directory_;
    UniqueFd at_;
    UniqueFd lock_;
    UniqueFd journal_;
    std::size_t size_ = 0;  // of the journal
    Ledger ledger_;
};

/// As it is now; no directory and no journal is one without events. Takes no lock, writes nothing.
[[nodiscard]] Result<Journal> read(const std::filesystem::path& directory);

}  // namespace weft::ipam
