// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target without libFuzzer, in any build: each file of its corpus, then mutations of
// them from a seed, in a child whose last input the parent prints when it dies.
//     replay_NAME DIRECTORY [MUTATIONS]      (WEFT_SEED, default 1)
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Case = std::vector<std::uint8_t>;

constexpr std::size_t kInputMax = std::size_t{1} << 17U;
constexpr std::size_t kGrowMax = 64;
constexpr unsigned long kMutations = 20'000;
/// Slow builds do fewer; what they did is printed.
constexpr auto kMutateAtMost = std::chrono::milliseconds{1500};

/// The input under way, where the parent can see it.
struct Shared {
    char name[256];
    unsigned long done;
    std::size_t size;
    std::uint8_t bytes[kInputMax];
};

std::vector<std::filesystem::path> files_of(const char* directory) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator{directory}) {
        if (entry.is_regular_file()) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());  // directories come in any order
    return files;
}

Case read(const std::filesystem::path& file) {
    std::ifstream stream{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, std::istreambuf_iterator<char>{}};
}

void run(Shared& shared, const std::string& name, const Case& input) {
    std::snprintf(shared.name, sizeof shared.name, "%s", name.c_str());
    shared.size = std::min(input.size(), kInputMax);
    std::copy_n(input.begin(), shared.size, shared.bytes);
    const Case exact(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(shared.size));
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
    shared.done += 1;
}

/// One change: a byte, a bit, an edge value, bytes removed, doubled or taken from another case.
void mutate(Case& input, const Case& other, std::mt19937_64& random) {
    const auto below = [&](std::size_t bound) { return bound == 0 ? 0 : random() % bound; };
    const auto at = static_cast<std::ptrdiff_t>(below(input.size()));
    const auto to = at + static_cast<std::ptrdiff_t>(below(
                             std::min(kGrowMax, input.size() - static_cast<std::size_t>(at))));
    constexpr std::uint8_t kEdges[] = {0, 1, 0x7f, 0x80, 0xff};
    const auto choice = random() % 6;
    if (input.empty() || choice == 0) {
        const auto from = static_cast<std::ptrdiff_t>(below(other.size()));
        const auto end =
            from + static_cast<std::ptrdiff_t>(below(
                       std::min(kGrowMax, other.size() - static_cast<std::size_t>(from)) + 1));
        input.insert(input.begin() + at, other.begin() + from, other.begin() + end);
        return;
    }
    auto& byte = input[static_cast<std::size_t>(at)];
    switch (choice) {
        case 1:
            byte = static_cast<std::uint8_t>(random());
            break;
        case 2:
            byte = static_cast<std::uint8_t>(byte ^ 1U << random() % 8);
            break;
        case 3:
            byte = kEdges[random() % std::size(kEdges)];
            break;
        case 4:
            input.erase(input.begin() + at, input.begin() + to);
            break;
        default: {
            const Case piece(input.begin() + at, input.begin() + to);
            input.insert(input.begin() + at, piece.begin(), piece.end());
        }
    }
}

int replay(Shared& shared, const char* directory, unsigned long mutations, std::uint64_t seed) {
    std::vector<Case> corpus{Case{}};
    run(shared, "the empty input", {});
    for (const auto& file : files_of(directory)) {
        corpus.push_back(read(file));
        run(shared, file.string(), corpus.back());
    }
    const auto files = corpus.size() - 1;
    std::mt19937_64 random{seed};
    const auto until = std::chrono::steady_clock::now() + kMutateAtMost;
    unsigned long i = 0;
    for (; i < mutations && std::chrono::steady_clock::now() < until; ++i) {
        Case input = corpus[random() % corpus.size()];
        for (auto changes = 1 + random() % 4; changes > 0; --changes) {
            mutate(input, corpus[random() % corpus.size()], random);
        }
        run(shared, "mutation " + std::to_string(i), input);
    }
    std::printf("note: %zu files, %lu mutations of seed %llu\n",
                files,
                i,
                static_cast<unsigned long long>(seed));
    return files == 0 ? 1 : 0;  // a corpus that is not there would pass unnoticed
}

void print_input(const Shared& shared) {
    std::fprintf(stderr, "%s, %zu bytes (xxd -r -p):\n", shared.name, shared.size);
    for (std::size_t i = 0; i < shared.size; ++i) {
        std::fprintf(stderr, "%02x%s", shared.bytes[i], i % 32 == 31 ? "\n" : "");
    }
    std::fputc('\n', stderr);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc > 3) {
        std::fprintf(stderr, "usage: %s CORPUS-DIRECTORY [MUTATIONS]\n", argv[0]);
        return 2;
    }
    const char* text = std::getenv("WEFT_SEED");
    const std::uint64_t seed = text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
    const unsigned long mutations = argc == 3 ? std::strtoul(argv[2], nullptr, 10) : kMutations;
    void* memory =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        std::perror("mmap");
        return 1;
    }
    auto& shared = *static_cast<Shared*>(memory);
    const pid_t child = ::fork();
    if (child == 0) {
        return replay(shared, argv[1], mutations, seed);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) {
        std::perror("fork");
        return 1;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return 0;
    }
    std::fprintf(stderr,
                 "failed after %lu inputs with seed %llu, in ",
                 shared.done,
                 static_cast<unsigned long long>(seed));
    print_input(shared);
    return 1;
}
