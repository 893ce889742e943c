// SPDX-License-Identifier: Apache-2.0
// weft-discover-scaleway: options -> token -> account -> the contract's JSON.
#include <iostream>
#include <optional>

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

}  // namespace

int scaleway_main(int argc, char** argv) {
    int exit_code = 0;
    std::optional<scaleway::Options> options = scaleway::parse_options(argc, argv, exit_code);
    if (!options) {
        return exit_code;
    }
    const Result<std::string> document = document_of(*options);
    if (!document) {
        std::cerr << "weft-discover-scaleway: " << document.error().message() << '\n';
        return 1;
    }
    std::cout << *document << std::endl;
    return std::cout ? 0 : 1;
}

}  // namespace weft::discovery
