// SPDX-License-Identifier: Apache-2.0
// See node_file_writer.hpp. In the run directory, which is not kept over a boot: no syncing.
#include "node_file_writer.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/base/boot_id.hpp>
#include <weft/base/clock.hpp>
#include <weft/base/unique_fd.hpp>

#include "state_file.hpp"

namespace weft::control {
namespace {

constexpr mode_t kNodeFileMode = 0644;

Result<> replace_node_file(const std::filesystem::path& file, std::string_view text) {
    const std::filesystem::path fresh = file.string() + ".new";
    ::unlink(fresh.c_str());
    const UniqueFd fd{
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kNodeFileMode)};
    if (!fd.valid()) {
        return errno_error(errno, fresh.string());
    }
    Result<> written = write_all(fd.get(), bytes_of(text), fresh);
    if (written &&
        (::fchmod(fd.get(), kNodeFileMode) != 0 || ::rename(fresh.c_str(), file.c_str()) != 0)) {
        written = errno_error(errno, file.string());
    }
    if (!written) {
        ::unlink(fresh.c_str());
    }
    return written;
}

}  // namespace

void NodeFileWriter::write(api::NodeFile node) {
    node.boot_id = boot_id();
    node.written_ms = 0;
    if (is_written_ && last_ == node) {
        return;
    }
    api::NodeFile dated = node;
    dated.written_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(wall_now().time_since_epoch())
            .count();
    const Result<> written = replace_node_file(file_, api::to_json(dated) + "\n");
    if (!written) {
        log_.warn("node_file_not_written", {{"cause", written.error().message()}});
    }
    is_written_ = written.has_value();
    last_ = std::move(node);
}

void NodeFileWriter::write_stopped(const std::string& reason) {
    if (!last_) {
        return;
    }
    api::NodeFile node = *last_;
    node.ready = false;
    node.reason = reason;
    write(std::move(node));
    if (!is_written_) {
        ::unlink(file_.c_str());
    }
}

}  // namespace weft::control
