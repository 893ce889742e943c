// SPDX-License-Identifier: Apache-2.0
// The named values of tests/vectors/wg_noise.txt and noise_ikpsk2.txt, and randomness that hands
// them out.
#pragma once

#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <weft/base/endian.hpp>
#include <weft/base/random.hpp>
#include <weft/base/secret.hpp>

#include "hex.hpp"
#include "vector_file.hpp"

namespace weft::test {

/// A file of `name value` lines; of those that begin with `prefix`, without it.
class NamedVectors {
  public:
    explicit NamedVectors(const std::string& file, const std::string& prefix = "") {
        for (const auto& fields : read_vectors(file)) {
            if (fields.at(0).starts_with(prefix)) {
                values_[fields[0].substr(prefix.size())] = fields.at(1);
            }
        }
    }
    [[nodiscard]] const std::string& hex(const std::string& name) const { return values_.at(name); }
    [[nodiscard]] std::vector<std::byte> bytes(const std::string& name) const {
        return unhex(hex(name));
    }
    template <std::size_t N>
    [[nodiscard]] ByteArray<N> get(const std::string& name) const {
        return unhex_array<N>(hex(name));
    }
    [[nodiscard]] Secret<32> secret(const std::string& name) const {
        return Secret<32>{get<32>(name)};
    }

  private:
    std::map<std::string, std::string> values_;
};

/// Gives `key` where a key's bytes are asked for, `index` for an index's, and else ones.
class FixedRandom final : public RandomSource {
  public:
    explicit FixedRandom(const ByteArray<32>& key, std::uint32_t index = 0) : key_(key) {
        store_le32(index_.data(), index);
    }
    void fill(Bytes out) override {
        std::fill(out.begin(), out.end(), std::byte{0xff});
        if (out.size() == key_.size()) {
            copy_bytes(key_, out);
        } else if (out.size() == index_.size()) {
            copy_bytes(index_, out);
        }
    }

  private:
    ByteArray<32> key_;
    ByteArray<4> index_{};
};

}  // namespace weft::test
