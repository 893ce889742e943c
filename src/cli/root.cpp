// SPDX-License-Identifier: Apache-2.0
// weft root export, import, remove. An export is a secret that the passphrase guards: its file is
// the owner's alone, and never one that was there before. Passphrases are never printed.
#include <cerrno>
#include <istream>
#include <ostream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/api/network_keys.hpp>
#include <weft/base/read_to_end.hpp>
#include <weft/base/wipe.hpp>

#include "commands.hpp"
#include "new_file.hpp"
#include "passphrase.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

constexpr std::chrono::seconds kStretchTimeout{60};  // a passphrase, on the slowest boards
constexpr std::size_t kTextMax = 8192;

Result<std::string> read_text(const Context& context, const std::string& path) {
    if (path == "-") {
        std::string text(kTextMax + 1, '\0');
        context.terminal.in.read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(context.terminal.in.gcount()));
        return text.size() <= kTextMax
                   ? Result<std::string>{std::move(text)}
                   : invalid("standard input holds more than an export of the root's key");
    }
    const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file.valid()) {
        return errno_error(errno, "open " + path);
    }
    return read_to_end(file, kTextMax, path);
}

/// The passphrase is wiped, here and in the question.
template <class Request>
Answer ask_secretly(const Context& context, std::string_view target, Request request) {
    const Wiped passphrase{request.passphrase};
    Question question{"POST", target, api::to_json(request), kStretchTimeout};
    const Wiped body{question.body};
    return ask(context, question);
}

}  // namespace

int export_root(const Context& context, const RootFiles& files) {
    struct stat found {};
    if (!files.file.empty() && ::lstat(files.file.c_str(), &found) == 0) {
        return fail(context, is_there_already(files.file));  // before somebody types a passphrase
    }
    auto passphrase = find_passphrase(files.passphrase_file, Prompts::kTwice);
    if (!passphrase) {
        return fail(context, passphrase.error());
    }
    const Answer answer =
        ask_secretly(context, "/v1/root/export", api::RootExportRequest{*std::move(passphrase)});
    if (answer.exit_code != kOk) {
        return answer.exit_code;
    }
    const auto exported = api::parse_root_text(answer.body);
    if (!exported) {
        return fail(context, exported.error());
    }
    const std::string text = exported->text + (exported->text.ends_with('\n') ? "" : "\n");
    if (files.file.empty()) {
        context.terminal.out << text;
        return kOk;
    }
    if (const Result<> written = write_new(files.file, text); !written) {
        return fail(context, written.error());
    }
    context.terminal.err << "the root's key is in " << printable(files.file)
                         << ", sealed by the passphrase: keep both, not in one place, then weft "
                            "root remove --yes\n";
    return kOk;
}

int import_root(const Context& context, const RootFiles& files) {
    const auto text = read_text(context, files.file);
    if (!text) {
        return fail(context, text.error());
    }
    auto passphrase = find_passphrase(files.passphrase_file, Prompts::kOnce);
    if (!passphrase) {
        return fail(context, passphrase.error());
    }
    const Answer answer = ask_secretly(
        context, "/v1/root/import", api::RootImportRequest{*text, *std::move(passphrase)});
    if (answer.exit_code == kOk) {
        context.terminal.out << "the root's key is on this node until weftd ends, or weft root "
                                "remove --yes\n";
    }
    return answer.exit_code;
}

int remove_root(const Context& context, bool yes) {
    if (!yes) {
        return fail(context,
                    invalid("the root's key would be gone from this node, and without an export "
                            "nobody could ever add or revoke an issuer",
                            "weft root export --out FILE first, then weft root remove --yes"),
                    kUsage);
    }
    const Answer answer = ask(context, {"DELETE", "/v1/root"});
    if (answer.exit_code == kOk) {
        context.terminal.out << "the root's key is not on this node any more\n";
    }
    return answer.exit_code;
}

}  // namespace weft::cli
