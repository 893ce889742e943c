// SPDX-License-Identifier: Apache-2.0
// weft-discover-scaleway: options -> token -> account -> the contract's JSON, printed or in a file.
#include <cerrno>
#include <iostream>
#include <optional>
#include <string_view>

#include <weft/base/bytes.hpp>
#include <weft/base/write_file.hpp>
#include <weft/discovery/scaleway.hpp>

#include "scaleway/account.hpp"

namespace weft::discovery {
namespace {

Result<std::string> document_of(scaleway::Options& options) {
    if (Result<> read = scaleway::read_token(options); !read) {
        return read.error();
    }
    Result<scaleway::HttpClient> client = scaleway::HttpClient::open(options.token);
    if (!client) {
        return client.error();
    }
    const auto machines = scaleway::Account{options, std::move(*client)}.machines();
    if (!machines) {
        return machines.error();
    }
    return to_json(*machines);
}

constexpr mode_t kFileMode = 0644;  // addresses, for weftd's user to read

Result<> hand_out(const std::string& document, const std::string& file) {
    if (!file.empty()) {
        return replace_file(file, bytes_of(document + "\n"), kFileMode);
    }
    std::cout << document << std::endl;
    return std::cout ? Result<>{} : errno_error(EIO, "standard output");
}

}  // namespace

int scaleway_main(int argc, char** argv) {
    int exit_code = 0;
    std::optional<scaleway::Options> options = scaleway::parse_options(argc, argv, exit_code);
    if (!options) {
        return exit_code;
    }
    const Result<std::string> document = document_of(*options);
    const Result<> done = document ? hand_out(*document, options->output) : document.error();
    if (!done) {
        std::cerr << "weft-discover-scaleway: " << done.error().message() << '\n';
        return 1;
    }
    return 0;
}

}  // namespace weft::discovery
