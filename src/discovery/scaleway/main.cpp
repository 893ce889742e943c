// SPDX-License-Identifier: Apache-2.0
// weft-discover-scaleway: options -> token -> account -> the contract's JSON, printed or in a file.
#include <cerrno>
#include <iostream>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <weft/base/unique_fd.hpp>
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

constexpr mode_t kFileMode =
    0644;  // addresses, for weftd's user to read; the umask may take from it

Result<> write_all(int fd, std::string_view text, const std::string& file) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written <= 0) {
            return errno_error(written < 0 ? errno : EIO, file);
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

/// Who reads it finds the one before or this one, whole.
Result<> replace(const std::string& file, std::string_view text) {
    const std::string fresh = file + ".new";
    ::unlink(fresh.c_str());  // what was left, and whatever rights that had
    const UniqueFd fd{
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode)};
    if (!fd.valid()) {
        return errno_error(errno, fresh);
    }
    Result<> written = write_all(fd.get(), text, fresh);
    if (written && (::fsync(fd.get()) != 0 || ::rename(fresh.c_str(), file.c_str()) != 0)) {
        written = errno_error(errno, file);
    }
    if (!written) {
        ::unlink(fresh.c_str());
    }
    return written;
}

Result<> hand_out(const std::string& document, const std::string& file) {
    if (!file.empty()) {
        return replace(file, document + "\n");
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
