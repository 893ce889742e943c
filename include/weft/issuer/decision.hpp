// SPDX-License-Identifier: Apache-2.0
// A decision before it is true. Whoever asked for it has the records to be written, and gets the
// value (a reply, a token, a revocation) only from Issuer::commit, which writes first: nobody can
// be told what a crash could make undone. A decision that is dropped never happened.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <weft/base/bytes.hpp>
#include <weft/base/result.hpp>

namespace weft::issuer {

/// Appends records behind the last whole one (what a failed attempt left there is cut off first)
/// and returns when they are on the disk. After an error nobody knows whether they are: that harms
/// nothing, for a decision replayed at the next start is what the same request would get again.
using Persist = std::function<Result<>(ConstBytes records)>;

template <class Value>
class Decision {
  public:
    /// Empty: nothing changes, and nothing is written.
    [[nodiscard]] ConstBytes records() const { return records_; }

  private:
    friend class Issuer;
    Decision(Value value, std::vector<std::byte> records, std::uint64_t basis)
        : value_(std::move(value)), records_(std::move(records)), basis_(basis) {}

    Value value_;
    std::vector<std::byte> records_;
    std::uint64_t basis_;  // Ledger::version() when it was taken
};

}  // namespace weft::issuer
