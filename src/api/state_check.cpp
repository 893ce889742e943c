// SPDX-License-Identifier: Apache-2.0
// See weft/api/state_check.hpp.
#include <array>
#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/api/state_check.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/base/write_file.hpp>

namespace weft::api {
namespace {

using Path = std::filesystem::path;

constexpr const char* kName = "state";
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
constexpr std::size_t kRoom = 4096;       // a block: what most of the files need
constexpr std::size_t kFilesMax = 1'000;  // of one directory; weftd has a dozen

Check wrong(std::string detail, std::string remedy) {
    return {kName, "error", std::move(detail), std::move(remedy)};
}

/// `owner`: the directory's. Keys of others, or for others, are none.
std::optional<Check> fault_of(const Path& file, uid_t owner) {
    struct stat about {};
    if (::lstat(file.c_str(), &about) != 0) {
        return std::nullopt;  // gone meanwhile
    }
    const std::string text = file.string();
    if (S_ISLNK(about.st_mode)) {
        return wrong(text + " is a link", link_remedy(file));
    }
    if (about.st_uid != owner && about.st_uid != 0) {
        return wrong(text + " belongs to another user",
                     "chown --reference=" + file.parent_path().string() + " " + text);
    }
    if ((about.st_mode & kOthers) != 0) {
        return wrong(text + " is open to other users",
                     (S_ISDIR(about.st_mode) ? "chmod 700 " : "chmod 600 ") + text);
    }
    if (about.st_uid != owner && owner == ::geteuid()) {
        return wrong(text + " is root's, and weftd is not",
                     "chown --reference=" + file.parent_path().string() + " " + text);
    }
    return std::nullopt;
}

std::optional<Check> fault_in(const Path& directory, uid_t owner, int depth) {
    std::error_code error;
    std::size_t seen = 0;
    for (std::filesystem::directory_iterator each{directory, error}, end;
         !error && each != end && seen < kFilesMax;
         each.increment(error), ++seen) {
        if (auto fault = fault_of(each->path(), owner)) {
            return fault;
        }
        std::error_code ignored;
        if (depth > 0 && each->is_directory(ignored)) {
            if (auto fault = fault_in(each->path(), owner, depth - 1)) {
                return fault;
            }
        }
    }
    return std::nullopt;
}

/// In a file without a name, where the file system has such: else nothing is tried.
int error_of_writing(const Path& directory) {
    const UniqueFd fd{::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, S_IRUSR)};
    if (!fd.valid()) {
        return errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT ? 0 : errno;
    }
    const std::array<std::byte, kRoom> room{};
    const Result<> written = write_all(fd.get(), room, kName);
    return written ? (::fsync(fd.get()) == 0 ? 0 : errno) : written.error().code.value();
}

}  // namespace

std::string link_remedy(const Path& file) {
    const std::string text = file.string();
    return "cp --remove-destination \"$(readlink -f " + text + ")\" " + text +
           ": the file itself belongs there";
}

std::string state_remedy(int error, const Path& directory) {
    const std::string text = directory.string();
    switch (error) {
        case ENOSPC:
        case EDQUOT:
            return "df -h " + text + " shows how full it is: free space there";
        case EROFS:
            return "mount -o remount,rw \"$(findmnt -no TARGET -T " + text + ")\"";
        case EACCES:
        case EPERM:
            return "chown -R --reference=" + text + " " + text;
        case EIO:
            return "dmesg shows what the disk says: replace it";
        default:
            return {};
    }
}

Check check_state(const Path& directory) {
    struct stat about {};
    const std::string text = directory.string();
    if (::stat(directory.c_str(), &about) != 0) {
        return errno == ENOENT ? Check{kName, "ok", "no " + text + " yet", ""}
                               : Check{kName, "skipped", "cannot look into " + text, ""};
    }
    if ((about.st_mode & kOthers) != 0) {
        return wrong(text + " is open to other users", "chmod 700 " + text);
    }
    if (::access(directory.c_str(), R_OK | X_OK) != 0) {
        return {kName, "skipped", "cannot look into " + text, ""};
    }
    if (auto fault = fault_in(directory, about.st_uid, 1)) {
        return *std::move(fault);
    }
    if (const int error = error_of_writing(directory); error != 0) {
        return wrong(
            "nothing can be kept in " + text + ": " + std::generic_category().message(error),
            state_remedy(error, directory));
    }
    return {kName, "ok", text, ""};
}

}  // namespace weft::api
