// SPDX-License-Identifier: Apache-2.0
// JSON documents that hold passphrases: their memory is wiped before it is free again. Any thread.
#pragma once

#include <string>

#include <boost/json.hpp>

namespace weft::api {

/// For one document.
[[nodiscard]] boost::json::storage_ptr wiped_storage();
/// In one piece, without copies that stay behind.
[[nodiscard]] std::string serialize_secret(const boost::json::object& document);

}  // namespace weft::api
