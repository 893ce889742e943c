// SPDX-License-Identifier: Apache-2.0
// The CNI plugin. Everything is in the cni room; see src/cni/main.cpp.
#include <weft/cni/main.hpp>

int main() {
    return weft::cni::run();
}
