// SPDX-License-Identifier: Apache-2.0
// See store.hpp. The plugin runs it once per request, in its only thread; weft and weftd read.
#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/base/read_to_end.hpp>
#include <weft/base/write_file.hpp>
#include <weft/ipam/store.hpp>

#include "files.hpp"

namespace weft::ipam {
namespace {

constexpr mode_t kDirectoryMode = 0750;
constexpr const char* kFresh = "journal.new";
/// A journal below this size is not worth a snapshot: it is read in well under a millisecond.
constexpr std::size_t kCompactFrom = 64 << 10;
constexpr const char* kDiskRemedy = "is the disk full, or read-only?";

Result<Journal> read_from(const UniqueFd& fd, const std::filesystem::path& path) {
    const Result<std::string> text = read_to_end(fd, kJournalMax, path.string());
    if (!text) {
        return text.error();
    }
    Result<Journal> journal = read_journal(bytes_of(*text));
    if (!journal) {
        Error error = journal.error();
        error.cause = path.string() + ": " + error.cause;
        return error;
    }
    return journal;
}

}  // namespace

Result<Store> Store::open(const std::filesystem::path& directory,
                          std::chrono::milliseconds patience) {
    if (::mkdir(directory.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
        return errno_error(errno, directory.string());
    }
    Result<UniqueFd> at = open_directory(directory);
    if (!at) {
        return at.error();
    }
    if (Result<> checked = check_owner(at->get(), directory, true); !checked) {
        return checked.error();
    }
    Result<UniqueFd> lock = open_file(at->get(), kLockName, O_RDWR | O_CREAT, directory);
    if (!lock) {
        return lock.error();
    }
    if (Result<> taken = take_lock(lock->get(), patience, directory / kLockName); !taken) {
        return taken.error();
    }
    Store store{directory, std::move(*at), std::move(*lock)};
    if (Result<> loaded = store.load(); !loaded) {
        return loaded.error();
    }
    return store;
}

/// What a crash left behind the last whole record is cut off.
Result<> Store::load() {
    Result<UniqueFd> fd =
        open_file(at_.get(), kJournalName, O_RDWR | O_CREAT | O_APPEND, directory_);
    if (!fd) {
        return fd.error();
    }
    journal_ = std::move(*fd);
    const Result<Journal> journal = read_from(journal_, directory_ / kJournalName);
    if (!journal) {
        return journal.error();
    }
    Result<Ledger> ledger = replay(*journal);
    if (!ledger) {
        return ledger.error();
    }
    ledger_ = std::move(*ledger);
    size_ = journal->size;
    const off_t whole = static_cast<off_t>(size_);
    if (::lseek(journal_.get(), 0, SEEK_END) != whole && ::ftruncate(journal_.get(), whole) != 0) {
        return errno_error(errno, (directory_ / kJournalName).string());
    }
    if (size_ == 0) {  // a new one, perhaps
        let_group_read(at_.get(), journal_.get());
        if (::fsync(at_.get()) != 0) {
            return errno_error(errno, directory_.string());
        }
    }
    return {};
}

Result<> Store::append(ConstBytes records) {
    const std::filesystem::path path = directory_ / kJournalName;
    Result<> written;
    for (ConstBytes rest = records; written && !rest.empty();) {
        const ConstBytes piece = rest.first(std::min(rest.size(), kUnsyncedMax));
        rest = rest.subspan(piece.size());
        written = write_all(journal_.get(), piece, path.string(), kDiskRemedy);
        if (written && ::fdatasync(journal_.get()) != 0) {
            written = errno_error(errno, path.string(), kDiskRemedy);
        }
    }
    if (!written) {
        // What is there of them must not count. Where it stays, nothing is written behind it: the
        // next one to open the journal cuts it off, or finds whole records and stale leases.
        if (::ftruncate(journal_.get(), static_cast<off_t>(size_)) != 0) {
            journal_.reset();
        }
        return written;
    }
    size_ += records.size();
    return {};
}

Result<> Store::commit(std::span<const Event> events, UnixMs now) {
    Ledger changed = ledger_;
    std::vector<std::byte> records;
    for (const Event& event : events) {
        if (Result<> applied = changed.apply(event); !applied) {
            return applied;
        }
        const std::vector<std::byte> record = encode(event);
        records.insert(records.end(), record.begin(), record.end());
    }
    if (Result<> appended = append(records); !appended) {
        return appended;
    }
    ledger_ = std::move(changed);
    if (size_ >= kCompactFrom) {
        compact(now);
    }
    return {};
}

/// The snapshot takes the journal's place whole, or not at all: the journal stays good meanwhile.
void Store::compact(UnixMs now) {
    const std::vector<std::byte> snapshot = ledger_.snapshot(now);
    if (snapshot.size() > size_ / 2) {
        return;
    }
    ::unlinkat(at_.get(), kFresh, 0);  // of a crash
    Result<UniqueFd> fresh =
        open_file(at_.get(), kFresh, O_RDWR | O_CREAT | O_EXCL | O_APPEND, directory_);
    if (!fresh) {
        return;
    }
    let_group_read(at_.get(), fresh->get());
    const bool ready = write_all(fresh->get(), snapshot, kFresh).has_value() &&
                       ::fsync(fresh->get()) == 0 &&
                       ::renameat(at_.get(), kFresh, at_.get(), kJournalName) == 0;
    if (!ready) {
        ::unlinkat(at_.get(), kFresh, 0);
        return;
    }
    static_cast<void>(::fsync(at_.get()));
    journal_ = std::move(*fresh);
    size_ = snapshot.size();
}

Result<Journal> read(const std::filesystem::path& directory) {
    const UniqueFd at{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!at.valid()) {
        return errno == ENOENT ? Result<Journal>{Journal{}}
                               : Result<Journal>{open_error(errno, directory)};
    }
    const UniqueFd journal{
        ::openat(at.get(), kJournalName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (!journal.valid()) {
        return errno == ENOENT ? Result<Journal>{Journal{}}
                               : Result<Journal>{open_error(errno, directory / kJournalName)};
    }
    return read_from(journal, directory / kJournalName);
}

}  // namespace weft::ipam
