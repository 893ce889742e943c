# SPDX-License-Identifier: Apache-2.0
# Cross-build for armhf, Debian's baseline: ARMv7-A, VFPv3-D16, no NEON. cross.cmake says how.
set(weft_architecture armhf)
set(weft_triplet arm-linux-gnueabihf)
set(CMAKE_SYSTEM_PROCESSOR arm)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
