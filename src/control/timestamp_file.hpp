// SPDX-License-Identifier: Apache-2.0
// How far the timestamps of our initiations may have gone, kept over restarts in
// STATE/INTERFACE.timestamp: a machine whose clock starts in 1970 would else be refused by every
// peer (wg/timestamp.hpp). What is kept runs ahead of what is sent, so that the file is written
// before a timestamp is used, and rarely. One line, TAI64N as in `@400000006553f10a01000000`.
// Control thread.
#pragma once

#include <filesystem>
#include <optional>

#include <weft/base/log.hpp>
#include <weft/base/result.hpp>
#include <weft/wg/tunnel.hpp>

namespace weft::control {

class TimestampFile {
  public:
    /// `log` outlives it.
    TimestampFile(std::filesystem::path file, Log& log) : file_(std::move(file)), log_(log) {}

    /// What an earlier run may have sent; zero, and an event that says why, if that is not known.
    [[nodiscard]] wg::Timestamp load();
    /// The ceiling for what is sent from now on. After load(), then each second with the greatest
    /// timestamp sent; writes once what is kept has been reached.
    [[nodiscard]] wg::Timestamp keep(const wg::Timestamp& greatest, wg::Now now);
    /// Why the last write failed; gone once one has not.
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  private:
    void watch_clock(WallTime now);

    std::filesystem::path file_;
    Log& log_;
    wg::Timestamp kept_{};     // in the file
    wg::Timestamp reached_{};  // sent, or perhaps sent by an earlier run
    std::optional<Time> failed_;
    std::optional<Error> failure_;
    bool clock_behind_ = false;
};

}  // namespace weft::control
