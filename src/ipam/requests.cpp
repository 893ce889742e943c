// SPDX-License-Identifier: Apache-2.0
// See requests.hpp. The file: "weftcni1", then for each verb three numbers of 64 bits, little
// endian, in one write under the file's lock; never synced, for a power cut may forget some.
#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <weft/base/bytes.hpp>
#include <weft/base/endian.hpp>
#include <weft/ipam/requests.hpp>

#include "files.hpp"

namespace weft::ipam {
namespace {

constexpr const char* kName = "requests";
constexpr std::string_view kMagic = "weftcni1";
constexpr std::size_t kNumbers = 3;
constexpr std::size_t kSize = kMagic.size() + 8 * kNumbers * kVerbNames.size();
constexpr std::chrono::milliseconds kPatience{20};

using Image = ByteArray<kSize>;

/// Nothing yet, or a whole image; errno's, EBADMSG.
Result<RequestCounts> load(int fd, const std::filesystem::path& path) {
    Image image{};
    const ssize_t size = ::pread(fd, image.data(), image.size(), 0);
    if (size < 0) {
        return errno_error(errno, path.string());
    }
    RequestCounts counts{};
    if (size == 0) {
        return counts;
    }
    if (size != static_cast<ssize_t>(kSize) ||
        !std::ranges::equal(ConstBytes{image}.first(kMagic.size()), bytes_of(kMagic))) {
        return errno_error(EBADMSG, path.string() + " is not what weft-cni writes", "remove it");
    }
    const std::byte* at = image.data() + kMagic.size();
    for (RequestCount& count : counts) {
        count = {load_le64(at), load_le64(at + 8), load_le64(at + 16)};
        at += 8 * kNumbers;
    }
    return counts;
}

Image image_of(const RequestCounts& counts) {
    Image image{};
    std::ranges::copy(bytes_of(kMagic), image.begin());
    std::byte* at = image.data() + kMagic.size();
    for (const RequestCount& count : counts) {
        store_le64(at, count.done);
        store_le64(at + 8, count.failed);
        store_le64(at + 16, count.microseconds);
        at += 8 * kNumbers;
    }
    return image;
}

}  // namespace

void count_request(const std::filesystem::path& directory,
                   Verb verb,
                   bool failed,
                   std::chrono::microseconds took) {
    const Result<UniqueFd> at = open_directory(directory);
    if (!at || !check_owner(at->get(), directory, true)) {
        return;
    }
    const Result<UniqueFd> fd = open_file(at->get(), kName, O_RDWR | O_CREAT, directory);
    if (!fd || !take_lock(fd->get(), kPatience, directory / kName)) {
        return;
    }
    if (::lseek(fd->get(), 0, SEEK_END) == 0) {  // a new one, perhaps
        let_group_read(at->get(), fd->get());
    }
    Result<RequestCounts> counts = load(fd->get(), directory / kName);
    if (!counts) {
        return;
    }
    RequestCount& count = (*counts)[static_cast<std::size_t>(verb)];
    ++count.done;
    count.failed += failed ? 1 : 0;
    count.microseconds += static_cast<std::uint64_t>(took.count());
    const Image image = image_of(*counts);
    const ssize_t written = ::pwrite(fd->get(), image.data(), image.size(), 0);
    if (written >= 0 && written < static_cast<ssize_t>(kSize)) {
        const int emptied = ::ftruncate(fd->get(), 0);  // the disk is full: no part of an image
        static_cast<void>(emptied);
    }
}

Result<RequestCounts> read_request_counts(const std::filesystem::path& directory) {
    const UniqueFd fd{
        ::open((directory / kName).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (!fd.valid()) {
        return errno == ENOENT ? Result<RequestCounts>{RequestCounts{}}
                               : Result<RequestCounts>{open_error(errno, directory / kName)};
    }
    return load(fd.get(), directory / kName);
}

}  // namespace weft::ipam
