// SPDX-License-Identifier: Apache-2.0
// See node_file_writer.hpp.
#include "node_file_writer.hpp"

#include <unistd.h>

#include <weft/base/boot_id.hpp>
#include <weft/base/bytes.hpp>
#include <weft/base/clock.hpp>
#include <weft/base/write_file.hpp>

namespace weft::control {
namespace {

constexpr mode_t kNodeFileMode = 0644;

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
    const Result<> written =
        replace_file(file_, bytes_of(api::to_json(dated) + "\n"), kNodeFileMode);
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
