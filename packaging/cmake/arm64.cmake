# SPDX-License-Identifier: Apache-2.0
# Cross-build for arm64: cross.cmake says how.
set(weft_architecture arm64)
set(weft_triplet aarch64-linux-gnu)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
