// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any text as weft.toml. What is refused is refused with file, line and cause; what
// loads keeps its promises, and its printed form loads to the same.
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include <stdlib.h>

#include <weft/config/config.hpp>

#include "fuzz.hpp"
#include "host_port.hpp"

namespace {

namespace fs = std::filesystem;
using weft::config::Config;

/// A directory with a key file `k`, for the life of the process.
class Files {
  public:
    Files() {
        for (const char* name : {"WEFT_ISA", "WEFT_OFFLOAD_OFF", "WEFT_SOCKET", "WEFT_RUN_DIR"}) {
            ::unsetenv(name);
        }
        std::string pattern = (fs::temp_directory_path() / "weft-fuzz-XXXXXX").string();
        WEFT_FUZZ_CHECK(::mkdtemp(pattern.data()) != nullptr);
        directory_ = pattern;
        write("k", "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n");
        fs::permissions(directory_ / "k", fs::perms::owner_read | fs::perms::owner_write);
    }
    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;
    ~Files() {
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }

    void write(const char* name, std::string_view text) const {
        std::ofstream{directory_ / name, std::ios::binary} << text;
    }
    [[nodiscard]] weft::Result<Config> load(std::string_view text) const {
        write("weft.toml", text);
        weft::config::Paths paths;
        paths.config = directory_ / "weft.toml";
        return weft::config::load(paths);
    }

  private:
    fs::path directory_;
};

void check_values(const Config& config) {
    namespace limits = weft::config;
    const auto& node = config.node;
    WEFT_FUZZ_CHECK(!node.name.empty() && !node.interface.empty() && node.interface.size() <= 15);
    WEFT_FUZZ_CHECK(node.mtu == 0 ||
                    (node.mtu >= limits::kMtuLeast && node.mtu <= limits::kMtuMost));
    WEFT_FUZZ_CHECK(node.private_key_file.empty() || node.private_key_file.is_absolute());
    std::set<weft::ByteArray<32>> keys;
    std::set<weft::net::Prefix> prefixes;
    for (const auto& peer : config.peers) {
        WEFT_FUZZ_CHECK(keys.insert(peer.public_key).second);
        for (const auto& prefix : peer.allowed_ips) {
            WEFT_FUZZ_CHECK(prefix == prefix.masked());
            WEFT_FUZZ_CHECK(prefixes.insert(prefix).second);
        }
        WEFT_FUZZ_CHECK(!peer.endpoint ||
                        weft::config::parse_host_port(peer.endpoint->to_string()) == peer.endpoint);
    }
}

void check_host_port(std::string_view text) {
    const auto host = weft::config::parse_host_port(text);
    if (host) {
        WEFT_FUZZ_CHECK(host->port != 0 && !host->host.empty());
        WEFT_FUZZ_CHECK(weft::config::parse_host_port(host->to_string()) == host);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Files files;
    const std::string text{weft::fuzz::Input{data, size}.text()};
    check_host_port(text);
    const auto config = files.load(text);
    if (!config) {
        WEFT_FUZZ_CHECK(config.error().cause.find("weft.toml") != std::string::npos);
        return 0;
    }
    check_values(*config);
    const std::string printed = weft::config::to_toml(*config, false);
    const auto again = files.load(printed);
    WEFT_FUZZ_CHECK(again.has_value());
    WEFT_FUZZ_CHECK(weft::config::to_toml(*again, false) == printed);
    WEFT_FUZZ_CHECK(files.load(weft::config::to_toml(*config, true)).has_value());
    WEFT_FUZZ_CHECK(!weft::config::to_json(*config).empty());
    return 0;
}
