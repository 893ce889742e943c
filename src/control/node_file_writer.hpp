// SPDX-License-Identifier: Apache-2.0
// Keeps node.json (api/node_file.hpp) as the node is. A failure is logged, and tried again with the
// next change: nothing of the node depends on the file. Control thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <weft/api/node_file.hpp>
#include <weft/base/log.hpp>

namespace weft::control {

class NodeFileWriter {
  public:
    NodeFileWriter(std::filesystem::path file, Log& log) : file_(std::move(file)), log_(log) {}

    /// Writes it where it says something else than the last one; boot and time are filled in.
    void write(api::NodeFile node);
    /// The last one again, not ready any more; where that cannot be written, no file stays, for an
    /// older one may say that the node is ready. Nothing where there was none to write.
    void write_stopped(const std::string& reason);

  private:
    std::filesystem::path file_;
    Log& log_;
    std::optional<api::NodeFile> last_;  // without its time
    bool is_written_ = false;            // the file says the same
};

}  // namespace weft::control
