// SPDX-License-Identifier: Apache-2.0
// The keys of a [[discovery]] section. Control thread, or the CLI.
#pragma once

#include "draft.hpp"
#include "value.hpp"

namespace weft::config {

[[nodiscard]] Result<> take_exec(DiscoveryDraft& draft, const Value& value);
[[nodiscard]] Result<> take_file(DiscoveryDraft& draft, const Value& value);
[[nodiscard]] Result<> take_dns(DiscoveryDraft& draft, const Value& value);
[[nodiscard]] Result<> take_interval(DiscoveryDraft& draft, const Value& value);

/// Exactly one source, and no source twice.
[[nodiscard]] Result<> check_discovery(const Draft& draft);

}  // namespace weft::config
