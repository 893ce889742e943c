// SPDX-License-Identifier: Apache-2.0
// One value of a configuration file with its dotted name and its place, read as the type that is
// wanted. Every error names file, line and column. Control thread, or the CLI.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

#include <weft/base/bytes.hpp>
#include <weft/base/result.hpp>
#include <weft/config/config.hpp>
#include <weft/net/address.hpp>

namespace weft::config {

/// "weft.toml:14:3"
[[nodiscard]] std::string place(std::string_view file, const toml::source_region& region);

class Value {
  public:
    /// `node` and `file` outlive the value.
    Value(const toml::node& node, std::string name, std::string_view file)
        : node_(&node), name_(std::move(name)), file_(file) {}

    [[nodiscard]] std::string where() const { return place(file_, node_->source()); }
    /// "weft.toml:14:3: NAME WHAT"
    [[nodiscard]] Error wrong(std::string_view what) const;

    [[nodiscard]] Result<std::string> text() const;
    /// Text that is neither empty nor holds a control character.
    [[nodiscard]] Result<std::string> word() const;
    /// A node's or peer's name: 1–63 letters, digits, '-', '_', '.'; not led by '-' or '.'.
    [[nodiscard]] Result<std::string> name() const;
    [[nodiscard]] Result<bool> truth() const;
    [[nodiscard]] Result<std::uint32_t> integer(std::uint32_t least, std::uint32_t most) const;
    [[nodiscard]] Result<bool> boolean() const;
    [[nodiscard]] Result<ByteArray<32>> public_key() const;
    [[nodiscard]] Result<net::Prefix> prefix() const;
    [[nodiscard]] Result<HostPort> endpoint() const;
    /// An address of this machine and a port; "": nothing.
    [[nodiscard]] Result<std::optional<net::Endpoint>> listener() const;
    /// One of `choices`.
    [[nodiscard]] Result<std::string> choice(std::span<const std::string_view> choices) const;
    [[nodiscard]] Result<std::vector<Value>> elements() const;

  private:
    [[nodiscard]] Error wrong_type(std::string_view wanted) const;

    const toml::node* node_;
    std::string name_;
    std::string_view file_;
};

}  // namespace weft::config
