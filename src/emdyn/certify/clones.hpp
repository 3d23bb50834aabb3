#pragma once

// Wider vectors, the same operations in the same order: results are equal on every processor.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define EMDYN_CERTIFY_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EMDYN_CERTIFY_CLONES
#endif
